/**
 * Files that have nothing special about them.
 *
 * @module
 */
import type { CsvCase } from "./cases.ts"

/** See the file's first sentence. */
export const plain: ReadonlyArray<CsvCase> = [
  {
    name: "a header and two rows",
    bytes: () => Buffer.from("sku,price\nA,1\nB,2\n"),
    options: {},
    expected: {
      columns: ["sku", "price"],
      rows: [
        ["A", "1"],
        ["B", "2"],
      ],
      labels: [2, 3],
      notices: [],
    },
  },
]
