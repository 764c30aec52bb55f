/**
 * Line ends, comments and what is before the header.
 *
 * @module
 */
import type { CsvCase } from "./cases.ts"
import { issue, rows, text } from "./textCase.ts"

const ab = ["a", "b"]
const abc = ["a", "b", "c"]

const lineEnds: ReadonlyArray<CsvCase> = [
  text("CR alone in rows that end in LF", "a,b\n1,x\ry,2\n3,4\n", {
    rows: [
      ["1", "x"],
      ["y", "2"],
      ["3", "4"],
    ],
    issues: [issue(2, "csv.line-end"), issue(3, "csv.line-end")],
  }),
  text(
    "LF alone in rows that end in CRLF",
    `${"a,b\r\n5,6\r\n1,2\r\n".repeat(200)}1,x\ny,2\r\n3,4\r\n`,
    {
      issues: [issue(601, "csv.line-end"), issue(602, "csv.line-end")],
    },
    { headers: ab },
  ),
  rows(
    "a last row that ends in LF where the others end in CRLF",
    "a,b\r\n1,2\r\n3,4\n",
    ab,
    [
      ["1", "2"],
      ["3", "4"],
    ],
    [2, 3],
    [],
  ),
  rows(
    "CRLF and LF in turn",
    "a,b\r\n1,2\n3,4\r\n5,6\n",
    ab,
    [
      ["1", "2"],
      ["3", "4"],
      ["5", "6"],
    ],
    [2, 3, 4],
    ["csv.line-ends"],
  ),
  rows(
    "LF is part of cells, given",
    "a,b\r\n1,x\ny\r\n2,z\r\n",
    ab,
    [
      ["1", "x\ny"],
      ["2", "z"],
    ],
    [2, 4],
    [],
    { lineEnd: "crlf" },
  ),
  rows(
    "CR is part of cells, given",
    "a,b\n1,x\ry\n2,z\r\n",
    ab,
    [
      ["1", "x\ry"],
      ["2", "z"],
    ],
    [2, 4],
    [],
    { lineEnd: "lf" },
  ),
  rows(
    "LF is part of cells of a file of CR, given",
    "a,b\r1,x\ny\r2,z\r\n",
    ab,
    [
      ["1", "x\ny"],
      ["2", "z"],
    ],
    [2, 4],
    [],
    { lineEnd: "cr" },
  ),
  rows(
    "every line is ended twice",
    "a,b\r\r\n1,2\r\r\n3,4\r\r\n",
    ab,
    [
      ["1", "2"],
      ["3", "4"],
    ],
    [3, 5],
    [],
  ),
  rows(
    "empty lines everywhere",
    "\n\na,b\n\n1,2\n\n\n3,4\n\n",
    ab,
    [
      ["1", "2"],
      ["3", "4"],
    ],
    [5, 8],
    [],
  ),
]

const titled = "Price list 2024;;\nAll prices in EUR;;\n;;\nsku;price;unit\nA;1,5;kg\nB;2,5;kg\n"
const lead: ReadonlyArray<CsvCase> = [
  rows(
    "titles, detected",
    "Price list 2024\nprinted today\n\nsku,price,unit\nA,1,kg\nB,2,kg\n",
    ["sku", "price", "unit"],
    [
      ["A", "1", "kg"],
      ["B", "2", "kg"],
    ],
    [5, 6],
    ["csv.preamble"],
  ),
  rows(
    "titles as spreadsheets write them, detected",
    titled,
    ["sku", "price", "unit"],
    [
      ["A", "1,5", "kg"],
      ["B", "2,5", "kg"],
    ],
    [5, 6],
    ["csv.delimiter", "csv.preamble"],
  ),
  rows(
    "titles, the header's row given",
    titled,
    ["sku", "price", "unit"],
    [
      ["A", "1,5", "kg"],
      ["B", "2,5", "kg"],
    ],
    [5, 6],
    ["csv.delimiter"],
    { headerRow: 4 },
  ),
  rows("a quote in a title, the header's row given", 'say "hi\na,b\n1,2\n', ab, [["1", "2"]], [3], [], { headerRow: 2 }),
  rows("sep=; in the first line", "sep=;\na;b\n1,5;2\n", ab, [["1,5", "2"]], [3], ["csv.delimiter"]),
  rows("sep=: in the first line", "SEP=:\r\na:b\r\n1:2\r\n", ab, [["1", "2"]], [3], ["csv.delimiter"]),
  rows(
    "comments before the header, detected",
    "# made by us\n# today\na,b,c\n1,2,3\n4,5,6\n",
    abc,
    [
      ["1", "2", "3"],
      ["4", "5", "6"],
    ],
    [4, 5],
    ["csv.comments", "csv.comment-lines"],
  ),
  rows(
    "comments between rows, detected",
    "a,b,c\n1,2,3\n# half\n4,5,6\n",
    abc,
    [
      ["1", "2", "3"],
      ["4", "5", "6"],
    ],
    [2, 4],
    ["csv.comments", "csv.comment-lines"],
  ),
  rows(
    "comments, given",
    "a,b\n// x, y\n1,2\n//\n3,4\n",
    ab,
    [
      ["1", "2"],
      ["3", "4"],
    ],
    [3, 5],
    ["csv.comment-lines"],
    { comment: "//" },
  ),
  rows("a quote in a comment", 'a,b\n#"\n1,2\n', ab, [["1", "2"]], [3], ["csv.comment-lines"], { comment: "#" }),
  rows(
    "rows that begin with #",
    "a,b\n#fff,1\n#000,2\n",
    ab,
    [
      ["#fff", "1"],
      ["#000", "2"],
    ],
    [2, 3],
    [],
  ),
  rows("a header that begins with #", "#id,name\n1,x\n", ["#id", "name"], [["1", "x"]], [2], []),
  text(
    "no comments, given",
    "a,b\n# x\n1,2\n",
    { rows: [["# x"], ["1", "2"]], issues: [issue(2, "csv.ragged")] },
    { comment: null },
  ),
  text("a row behind the sample that begins like the comments", `a,b\n# x\n${"1,2\n".repeat(20_000)}#fff,3\n`, {
    issues: [issue(20_003, "csv.comment", "a")],
  }),
  text(
    "the header's row is empty",
    "a,b\n\n1,2\n",
    { error: { reason: "Malformed", says: ["row 2", "headerRow"] } },
    { headerRow: 2 },
  ),
  text(
    "the header's row is behind the end",
    "a,b\n1,2\n",
    { error: { reason: "Malformed", says: ["row 9", "headerRow"] } },
    { headerRow: 9 },
  ),
  text("a header that lacks a cell is no title", "a,b\n1,2,3\n4,5,6\n", {
    columns: ab,
    rows: [
      ["1", "2", "3"],
      ["4", "5", "6"],
    ],
    issues: [issue(2, "csv.ragged"), issue(3, "csv.ragged")],
  }),
]

/** See the file's first sentence. */
export const dialectCases: ReadonlyArray<CsvCase> = [...lineEnds, ...lead]
