import { Result } from "effect"
import { expect, test } from "vitest"
import { Headers } from "../src/index.ts"

const columns = (cells: ReadonlyArray<string>, aliases: Headers.Aliases = {}): ReadonlyArray<string> => {
  const result = Headers.resolve(cells, Headers.lookup(aliases))
  return Result.isSuccess(result) ? result.success.columns : [`failed: ${result.failure}`]
}

test("headers are trimmed and otherwise kept as they are", () => {
  expect(columns([" sku", "Model Code ", "model code"])).toEqual(["sku", "Model Code", "model code"])
  expect(columns(["__proto__", "constructor", "toString"], { id: ["no"] })).toEqual(["__proto__", "constructor", "toString"])
})

test("aliases are compared without regard to case, blanks and composition", () => {
  const aliases = { model_code: ["Model Code", "Kod"], ağırlık: ["Weight"] }
  expect(columns(["MODEL CODE", " weight "], aliases)).toEqual(["model_code", "ağırlık"])
  expect(columns(["Model_Code", "AĞIRLIK"], aliases)).toEqual(["model_code", "ağırlık"])
  expect(columns(["ağırlık".normalize("NFD")], aliases)).toEqual(["ağırlık"])
})

test("the Turkish letters i are one letter", () => {
  const aliases = { category: ["Kategori"], price: ["Fiyatı"], unit: ["BİRİM"] }
  expect(columns(["KATEGORİ", "FİYATI", "birim"], aliases)).toEqual(["category", "price", "unit"])
  expect(columns(["KATEGORI", "FIYATI", "Birim"], aliases)).toEqual(["category", "price", "unit"])
  expect(columns(["kategori\u0307"], aliases)).toEqual(["kategori\u0307"])
})

test("two headers that are the same column are refused", () => {
  expect(columns(["a", "b", "a"])).toEqual(['failed: columns 1 and 3 are both called "a"; rename or remove one of them'])
})

test("columns without a name are called by their position, which no other column is", () => {
  expect(columns(["a", " ", "", "column 2"])).toEqual(["a", "column 2 (no name)", "column 3", "column 2"])
})
