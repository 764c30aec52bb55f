/**
 * A folder of files of all kinds: what they are into PostgreSQL, their content into an object store.
 *
 * @module
 */
export * as Application from "./application.ts"
export * as Document from "./Document.ts"
export * as ObjectStore from "./ObjectStore.ts"
export * as Settings from "./Settings.ts"
export * as Tree from "./Tree.ts"
export * as Trial from "./Trial.ts"
