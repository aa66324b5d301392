import * as abort from './abort.ts';
import * as boot from './boot.ts';
import * as buffer from './buffer.ts';
import * as bytes from './bytes.ts';
import * as chance from './chance.ts';
import * as clone from './clone.ts';
import * as contextApi from './context-api.ts';
import * as cryptoApi from './crypto-api.ts';
import * as failure from './failure.ts';
import * as fetchApi from './fetch-api.ts';
import * as fused from './fused.ts';
import * as hardening from './harden.ts';
import * as hashKinds from './hash-kinds.ts';
import * as hashes from './hashes.ts';
import * as headers from './headers.ts';
import * as linkApi from './link-api.ts';
import * as modules from './modules.ts';
import * as nodeApi from './node-api.ts';
import * as redUtil from './red-util.ts';
import * as response from './response.ts';
import * as run from './run.ts';
import * as send from './send.ts';
import * as setup from './setup.ts';
import * as slices from './slices.ts';
import * as state from './state.ts';
import * as textCodecs from './text-codecs.ts';
import * as timers from './timers.ts';
import * as urlClasses from './url-classes.ts';
import * as urlHost from './url-host.ts';
import * as url from './url.ts';
import * as wire from './wire.ts';

/**
 * The guest's script: the text of every function and class of this folder in one scope, whose value is `boot`. Types are gone already, because
 * Node blanks them when it loads the file; so the guest needs no build and no file of its own.
 */
export function guestSource(): string {
  const parts = [state, failure, bytes, clone, hardening, chance, timers, wire, send, textCodecs, url, urlHost, urlClasses, buffer, hashes, hashKinds, cryptoApi, redUtil, contextApi, headers, response, abort, fetchApi, linkApi, nodeApi, run, fused, setup, modules, slices, boot];
  const texts = parts.flatMap((part) => Object.values(part as { [name: string]: unknown })).map((each) => String(each));
  return `(function () { 'use strict';\n${texts.join('\n')}\nreturn boot;\n})()`;
}
