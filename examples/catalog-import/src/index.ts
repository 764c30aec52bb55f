/**
 * The catalog import's parts, for programs that compose it in their own way.
 *
 * @module
 */
export { application } from "./application.ts"
export { catalogInto } from "./catalog.ts"
export { poolOf, setup, trial } from "./database.ts"
export * from "./entities.ts"
export { sourceOf } from "./source.ts"
export { shopSink } from "./target.ts"
export { generateWorkbook, type Options as WorkbookOptions } from "./workbook/generateWorkbook.ts"
export { badRows, newcomers } from "./workbook/mess.ts"
