import { describe, expect, test } from "vitest"
import { XlsxSource } from "../src/index.ts"
import { failureOf, read } from "./support/reading.ts"
import { parts, type WorkbookOptions, workbook, zip } from "./support/workbooks.ts"

const sheet = `<sheetData><row><c t="inlineStr"><is><t>sku</t></is></c></row>${'<row><c t="inlineStr"><is><t>Ş-1</t></is></c></row>'.repeat(400)}</sheetData>`

const failure = async (bytes: Buffer, options: Partial<XlsxSource.Options> = {}) => {
  const { error } = await failureOf(XlsxSource.make({ bytes, name: "prices.xlsx", ...options }))
  expect(error.isRetryable).toBe(false)
  return `${error.reason}: ${error.message}`
}

const without = (name: string, replacement?: string): Buffer => {
  const { [name]: _, ...rest } = parts({ sheet })
  return zip(replacement === undefined ? rest : { ...rest, [name]: replacement })
}

const sheetPart = "xl/worksheets/sheet9.xml"

describe("files that are no workbooks", () => {
  test("nothing, text, another zip, legacy and encrypted workbooks", async () => {
    const notZip = "Malformed: prices.xlsx is not a workbook (.xlsx), or is cut off: it does not end as a zip file does"
    expect(await failure(Buffer.alloc(0))).toBe(notZip)
    expect(await failure(Buffer.from("sku,price\n1,2\n".repeat(10)))).toBe(notZip)
    expect(await failure(zip({ "readme.txt": "x" }))).toBe(
      "Malformed: prices.xlsx is not a workbook of the kind .xlsx: it has no xl/workbook.xml",
    )
    expect(await failure(Buffer.concat([Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]), Buffer.alloc(600)]))).toBe(
      "Malformed: prices.xlsx is encrypted or a workbook of the old kind (.xls); save it as .xlsx without a password",
    )
    const binary = parts({ sheet })["_rels/.rels"]!.replace("workbook.xml", "workbook.bin")
    expect(await failure(without("_rels/.rels", binary))).toBe(
      "Malformed: prices.xlsx is a binary workbook (.xlsb); save it as .xlsx",
    )
  })
})

describe("damaged workbooks", () => {
  const good = workbook({ sheet })

  test("cut off anywhere", async () => {
    for (let length = 0; length < good.length; length += 97) {
      expect(await failure(good.subarray(0, length))).toMatch(/^Malformed: prices.xlsx/)
    }
  })

  test("any byte changed: an error, or the same rows", async () => {
    const whole = await read(XlsxSource.make({ bytes: good, name: "prices.xlsx" }))
    for (let at = 0; at < good.length; at += 7) {
      const bytes = Buffer.from(good)
      bytes[at]! ^= 0x41
      const source = XlsxSource.make({ bytes, name: "prices.xlsx" })
      const outcome = await read(source).catch((error) => error)
      if (outcome instanceof Error) expect(outcome).toMatchObject({ _tag: "SourceError", isRetryable: false })
      else expect(outcome).toEqual(whole)
    }
  })

  test("a wrong checksum, a wrong size, bytes that cannot be unpacked", async () => {
    const tampered = (tamper: NonNullable<WorkbookOptions["tamper"]>, stored = false) =>
      failure(workbook({ sheet, stored, tamper: (entry, name) => (name === sheetPart ? tamper(entry, name) : {}) }))
    const damaged = `Malformed: prices.xlsx: ${sheetPart} is damaged: its size or checksum is not what the file says`
    expect(await tampered(({ crc }) => ({ crc: (crc ^ 1) >>> 0 }))).toBe(damaged)
    expect(await tampered(({ crc }) => ({ crc: (crc ^ 1) >>> 0 }), true)).toBe(damaged)
    expect(await tampered(({ size }) => ({ size: size + 1 }))).toBe(damaged)
    expect(await tampered(({ size }) => ({ size: size - 1 }))).toBe(damaged)
    expect(await tampered(() => ({ method: 8 }), true)).toBe(
      "Malformed: prices.xlsx: it is damaged, what is packed in it cannot be unpacked (Z_DATA_ERROR)",
    )
    expect(await tampered(() => ({ method: 12 }))).toContain("is compressed in a way that is not known (12)")
    expect(await tampered(() => ({ flags: 1 }))).toContain("is encrypted; save the workbook without a password")
  })

  test("parts that are missing, cut off, not UTF-8, or not what XML may be", async () => {
    expect(await failure(without(sheetPart))).toBe(`Malformed: prices.xlsx is damaged: it has no ${sheetPart}`)
    expect(await failure(without(sheetPart, "<worksheet><sheetData><row>"))).toBe(
      `Malformed: prices.xlsx: ${sheetPart} is cut off`,
    )
    expect(await failure(without(sheetPart, ""))).toBe(`Malformed: prices.xlsx: ${sheetPart} is cut off`)
    expect(await failure(without(sheetPart, "<worksheet></worksheet></x>"))).toContain("has an end tag too many")
    expect(await failure(without(sheetPart, '<!DOCTYPE x [<!ENTITY e "x">]><worksheet/>'))).toContain("has a document type")
    const latin1 = zip({ ...parts({ sheet }), [sheetPart]: Buffer.from("<worksheet>\xfe</worksheet>", "latin1") })
    const endless = `<worksheet>${" ".repeat(5 * 1024 * 1024)}</worksheet>`
    expect(await failure(without(sheetPart, endless))).toContain("has a piece of text of more than 4194304 characters")
    expect(await failure(latin1)).toBe(`Malformed: prices.xlsx: ${sheetPart} is not UTF-8`)
  })

  test("rows and cells where there can be none", async () => {
    const rows = (content: string) => failure(workbook({ sheet: `<sheetData>${content}</sheetData>` }))
    expect(await rows('<row r="3"/><row r="3"/>')).toBe("Malformed: prices.xlsx!Prices has row 3 twice")
    expect(await rows('<row r="1048577"/>')).toBe("Malformed: prices.xlsx!Prices has a row of number 1048577")
    expect(await rows('<row r="x"/>')).toBe("Malformed: prices.xlsx!Prices has a row of number x")
    for (const reference of ["XFE1", "ZZZZZZ1", "1"]) {
      expect(await rows(`<row r="1"><c r="${reference}"><v>1</v></c></row>`)).toBe(
        "Malformed: prices.xlsx!Prices has a cell outside of the columns A to XFD, in row 1",
      )
    }
    expect(
      (await read(XlsxSource.make({ bytes: workbook({ sheet: '<sheetData><row><c r="XFD1"><v>1</v></c></row></sheetData>' }) })))
        .columns.length,
    ).toBe(16_384)
  })
})

describe("limits", () => {
  test("of the file, of a part as declared, and of a part as it is", async () => {
    const bytes = workbook({ sheet })
    expect(await failure(bytes, { maxBytes: 100 })).toBe(
      `TooLarge: prices.xlsx has ${bytes.length} bytes; at most 100 are allowed (maxBytes)`,
    )
    expect(await failure(bytes, { limits: { sheetBytes: 5_000 } })).toMatch(
      /^TooLarge: prices.xlsx: xl\/worksheets\/sheet9.xml has \d+ bytes or more when unpacked; at most 5000 are allowed \(limits.sheetBytes\)$/,
    )
    const lying = workbook({ sheet, tamper: (_, name) => (name === sheetPart ? { size: 4_000 } : {}) })
    expect(await failure(lying, { limits: { sheetBytes: 5_000 } })).toContain(
      "TooLarge: prices.xlsx: xl/worksheets/sheet9.xml has",
    )
  })

  test("a bomb is found by its ratio", async () => {
    const bomb = workbook({ sheet: `<sheetData/>${`<!--${"x".repeat(50_000)}-->`.repeat(1_500)}` })
    expect(await failure(bomb)).toBe(
      `TooLarge: prices.xlsx: ${sheetPart} unpacks to more than 300 times its size, which no real sheet does (limits.ratio)`,
    )
  })
})
