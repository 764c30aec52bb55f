/**
 * Quotes and escapes.
 *
 * @module
 */
import type { CsvCase } from "./cases.ts"
import { issue, rows, text } from "./textCase.ts"

const ab = ["a", "b"]
const abc = ["a", "b", "c"]

/** See the file's first sentence. */
export const quoteCases: ReadonlyArray<CsvCase> = [
  rows(
    "an embedded LF",
    'a,b\n"1\n2",3\n4,5\n',
    ab,
    [
      ["1\n2", "3"],
      ["4", "5"],
    ],
    [2, 4],
    [],
  ),
  rows(
    "an embedded CRLF in rows that end in LF",
    'a,b\n"1\r\n2",3\n4,5\n',
    ab,
    [
      ["1\r\n2", "3"],
      ["4", "5"],
    ],
    [2, 4],
    [],
  ),
  rows(
    "an embedded CR",
    'a,b\n"1\r2",3\n4,5\n',
    ab,
    [
      ["1\r2", "3"],
      ["4", "5"],
    ],
    [2, 4],
    [],
  ),
  rows(
    "an embedded LF in rows that end in CRLF",
    'a,b\r\n"1\n2",3\r\n4,5\r\n',
    ab,
    [
      ["1\n2", "3"],
      ["4", "5"],
    ],
    [2, 4],
    [],
  ),
  rows(
    "an embedded LF in rows that end in CR",
    'a,b\r"1\n2",3\r4,5\r',
    ab,
    [
      ["1\n2", "3"],
      ["4", "5"],
    ],
    [2, 4],
    [],
  ),
  rows(
    "nothing but quotes",
    'a,b\n"",""""\n"""""","x"\n',
    ab,
    [
      ["", '"'],
      ['""', "x"],
    ],
    [2, 3],
    [],
  ),
  rows("a quote within a cell that is not quoted", 'a,b\n5" x 3",4\n', ab, [['5" x 3"', "4"]], [2], []),
  rows("the last cell is quoted and the file ends", 'a,b\n1,"2"', ab, [["1", "2"]], [2], []),
  rows("the last cell is empty", "a,b\n1,", ab, [["1", ""]], [2], []),
  rows("blanks stay", 'a,b\n 1 ,"  2"\n', ab, [[" 1 ", "  2"]], [2], []),
  rows(
    "single quotes, detected",
    "a,b,c\n'1,5','x','y'\n'2,5','it''s','z'\n",
    abc,
    [
      ["1,5", "x", "y"],
      ["2,5", "it's", "z"],
    ],
    [2, 3],
    ["csv.quotes"],
  ),
  rows(
    "apostrophes are no quotes",
    "a,b\n'tis,1\nit's,'2\n",
    ab,
    [
      ["'tis", "1"],
      ["it's", "'2"],
    ],
    [2, 3],
    [],
  ),
  rows("no quotes at all, given", 'a,b\n"1,2"\n', ab, [['"1', '2"']], [2], [], { quote: null }),
  rows("a quote of its own, given", "a,b\n~1,2~,3\n", ab, [["1,2", "3"]], [2], [], { quote: "~" }),
  rows(
    "a backslash before a quote, detected",
    'a,b\n"x \\"y\\", z",1\n"2",3\n',
    ab,
    [
      ['x "y", z', "1"],
      ["2", "3"],
    ],
    [2, 3],
    ["csv.escape"],
  ),
  rows("a backslash before a quote, given", 'a,b\n"x \\" y",1\n', ab, [['x " y', "1"]], [2], [], { escape: "backslash" }),
  rows(
    "a backslash before delimiter and line end, given",
    "a,b\n1\\,5,x\\\ny\n2,C:\\\\new\\table\n",
    ab,
    [
      ["1,5", "x\ny"],
      ["2", "C:\\new\\table"],
    ],
    [2, 4],
    [],
    { escape: "backslash" },
  ),
  rows(
    "a path that ends in a backslash is no escape",
    'a,b\n"C:\\dir\\","x"\n"D:\\","y"\n',
    ab,
    [
      ["C:\\dir\\", "x"],
      ["D:\\", "y"],
    ],
    [2, 3],
    [],
  ),
  text("text behind a closing quote", 'a,b\n"1" x,2\n3,4\n', {
    rows: [
      ["1 x", "2"],
      ["3", "4"],
    ],
    issues: [issue(2, "csv.quote", "a")],
  }),
  text("a blank before an opening quote", 'a,b\n1, "2,3"\n4,5\n', {
    rows: [
      ["1", ' "2', '3"'],
      ["4", "5"],
    ],
    issues: [issue(2, "csv.ragged")],
  }),
  text(
    "doubled quotes where backslashes escape",
    'a,b\n"x ""y""",1\n',
    { rows: [['x "y"""', "1"]], issues: [issue(2, "csv.quote", "a")] },
    { escape: "backslash" },
  ),
  text("a quote that is never closed", 'a,b\n1,2\n3,"4\n5,6\n', {
    error: { reason: "Malformed", says: [":3:", "column 2", "never closed"] },
  }),
  text("a quote that is never closed in the header", 'a,"b\n1,2\n', {
    error: { reason: "Malformed", says: [":1:", "never closed"] },
  }),
  text("a quote that is never closed behind a row of three lines", 'a,b\n"1\n2\n3",x\n4,"5\n', {
    error: { reason: "Malformed", says: [":5:", "column 2"] },
  }),
  text(
    "a closing quote that is escaped",
    'a,b\n"1\\",2\n',
    { error: { reason: "Malformed", says: [":2:", "never closed"] } },
    { escape: "backslash" },
  ),
]
