/** One line of a choice. */
export interface Option { readonly value: string; readonly label: string; readonly hint?: string | undefined }
