/**
 * All cases of workbooks.
 *
 * @module
 */
import { archives } from "./archives.ts"
import { choices } from "./choices.ts"
import { shown } from "./shown.ts"
import { structure } from "./structure.ts"
import { values } from "./values.ts"
import type { XlsxCase } from "./xlsxCase.ts"

/** See the file's first sentence. */
export const xlsxCases: ReadonlyArray<XlsxCase> = [...values, ...shown, ...structure, ...choices, ...archives]
