/**
 * Hostile values: for each kind of field the values that targets stumble over. A sink holds each exactly, or says that it cannot.
 *
 * @module
 */
import type { Kind, Value } from "../Field.ts"

/** One value, with a name that tells it from the others of all kinds: `text: a NUL`. */
export interface Hostile {
  readonly name: string
  readonly kind: Kind
  readonly value: Exclude<Value, undefined>
}

const of = (kind: Kind, values: Readonly<Record<string, Exclude<Value, undefined>>>): ReadonlyArray<Hostile> =>
  Object.entries(values).map(([name, value]) => ({ name: `${kind}: ${name}`, kind, value }))

const nested = (levels: number): Exclude<Value, undefined> => {
  let value: Exclude<Value, undefined> = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

/** Texts that are taken for something else, or for one another: as keys they are all different. */
export const keys: ReadonlyArray<string> = [
  "a",
  "A",
  "a ",
  " a",
  "\u00e4",
  "a\u0308",
  "\ufb00",
  "ff",
  "1",
  "01",
  "1.0",
  "null",
  "true",
  "__proto__",
  "constructor",
  "$set",
  "a.b",
  "a%",
  "a_",
  "o'neil",
  '"',
  "\\",
  "\\N",
  "a\tb",
  "a\nb",
  '["a"]',
  "👍🏽",
  "👍",
]

/** All values, kind by kind. */
export const values: ReadonlyArray<Hostile> = [
  ...of("text", {
    empty: "",
    "a space": " ",
    "spaces around": "  a  ",
    "a tab and line ends": "\ta\nb\r\nc\r",
    "a NUL": "a\u0000b",
    quotes: "it's \"so\" `called` 'x'''",
    backslashes: "\\ \\\\ \\n \\N \\. \\u0000",
    "a statement": "'); DROP TABLE value; --",
    operators: "$where: {$ne: null} $x %s %",
    "right to left": "\u202eabc \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    emoji: "👩‍👩‍👧‍👦 👍🏽 🇵🇹",
    "combining marks": "e\u0301 is not \u00e9",
    "a byte order mark": "\ufeffa",
    "control characters": "\u0001\u001f\u007f\u0080\u009f",
    separators: "\u2028\u2029\u00a0\u200b",
    noncharacters: "\uffff\ufffe",
    "half of a surrogate pair": "a\ud83d",
    "the other half": "\udc4da",
    "null as a word": "null",
    "a number as text": "007.50",
    "a date as text": "2024-02-30",
    "a megabyte": "abcdefghijklmn é".repeat(65_536),
  }),
  ...of("integer", {
    zero: 0,
    "minus zero": -0,
    "2^31 - 1": 2_147_483_647,
    "2^31": 2_147_483_648,
    "-2^31 - 1": -2_147_483_649,
    "2^32": 4_294_967_296,
    largest: Number.MAX_SAFE_INTEGER,
    smallest: Number.MIN_SAFE_INTEGER,
  }),
  ...of("bigint", {
    zero: "0",
    "2^53 + 1": "9007199254740993",
    largest: "9223372036854775807",
    smallest: "-9223372036854775808",
  }),
  ...of("number", {
    "minus zero": -0,
    "a tenth": 0.1,
    "a sum of tenths": 0.1 + 0.2,
    "no whole number by a hair": 1 + Number.EPSILON,
    "2^53": 2 ** 53,
    largest: Number.MAX_VALUE,
    "largest negative": -Number.MAX_VALUE,
    "smallest normal": 2.2250738585072014e-308,
    smallest: Number.MIN_VALUE,
    "seventeen digits": 123456789.12345679,
    "1e21": 1e21,
  }),
  ...of("decimal", {
    zero: "0",
    "zeros behind the point": "12.5000",
    "zero with decimals": "0.00",
    "34 digits": "9999999999999999.999999999999999999",
    "34 digits before the point": "1234567890123456789012345678901234",
    "33 zeros behind the point": "0.0000000000000000000000000000000001",
    "a tenth": "0.1",
    negative: "-0.01",
    "60 digits": `${"123456789".repeat(5)}.${"987654321098765"}`,
  }),
  ...of("boolean", { true: true, false: false }),
  ...of("date", {
    first: "0001-01-01",
    last: "9999-12-31",
    "a leap day": "2024-02-29",
    "a leap day of a century": "2000-02-29",
    "before the Gregorian calendar": "1582-10-10",
    "the day of the epoch": "1970-01-01",
    "a day without midnight in Lisbon": "1992-09-27",
    "a year of two digits": "0099-12-31",
  }),
  ...of("timestamp", {
    first: "0001-01-01T00:00:00Z",
    last: "9999-12-31T23:59:59Z",
    "to the millisecond": "2024-02-29T23:59:59.999Z",
    "to the microsecond": "2024-02-29T12:30:45.123456Z",
    "a single microsecond": "1970-01-01T00:00:00.000001Z",
    "before the epoch": "1969-12-31T23:59:59.5Z",
    "in the hour that is there twice": "2024-10-27T00:30:00Z",
    "in the hour that is not there": "2024-03-31T01:30:00Z",
  }),
  ...of("json", {
    "an empty object": {},
    "an empty array": [],
    false: false,
    zero: 0,
    "an empty text": "",
    "a text": 'a "quoted" text\\',
    "null inside": { a: null, b: [null, null] },
    "arrays in arrays": [[], [[]], [1, [2, [3]]]],
    "an empty key": { "": { "": 1 } },
    "a key with a dollar": { $set: { a: 1 } },
    "a key with dots": { "a.b": { "c..d": 1, ".": 2 } },
    "keys like methods": JSON.parse('{"constructor":1,"toString":{"hasOwnProperty":2}}') as { readonly [key: string]: number },
    "a key __proto__": JSON.parse('{"__proto__":{"a":1},"b":2}') as { readonly [key: string]: number },
    "keys that are numbers": { "2": "b", "10": "c", "1": "a", "-1": "d" },
    "numbers of all sizes": [0.1, 1e21, 5e-324, Number.MAX_VALUE, 2 ** 53, -1, 2 ** 31, 1.5],
    "a NUL": { a: "x\u0000y" },
    "a key with a NUL": { "a\u0000b": 1 },
    "half of a surrogate pair": ["\ud83d"],
    "emoji in key and value": { "👍🏽": "👩‍👩‍👧‍👦" },
    "ninety levels": nested(90),
  }),
]
