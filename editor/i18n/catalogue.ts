/** Shapes of the message catalogue. English declares the keys and places; Russian must have the same keys. */

/** English needs two forms, Russian four; `{n}` is the number that decides. */
export interface EnglishPlural { readonly one: string; readonly other: string }
export interface RussianPlural { readonly one: string; readonly few: string; readonly many: string; readonly other: string }
export type Message = string | EnglishPlural | RussianPlural;

/** What the Russian file of the same name must be. */
export type Translation<English> = { readonly [Key in keyof English]: English[Key] extends string ? string : RussianPlural };

type PlacesIn<Pattern extends string> = Pattern extends `${string}{${infer Place}}${infer Rest}` ? Place | PlacesIn<Rest> : never;
type PlacesOf<M> = M extends string ? PlacesIn<M> : M extends EnglishPlural ? PlacesIn<M['one'] | M['other']> | 'n' : never;

/** Arguments of `t` after the key: none where the message has no places. */
export type ParamsOf<M> = [PlacesOf<M>] extends [never] ? [] : [params: { readonly [Place in PlacesOf<M>]: Place extends 'n' ? number : string | number }];
