/**
 * The articles of the generated workbook: products with their variants, before anybody has written them down badly.
 */
import type { Spec } from "../specs.ts"
import { random } from "./mess.ts"

/** A variant with its product. */
export interface Article {
  readonly category: string
  readonly series: string
  readonly brand: string
  readonly titleTr: string
  readonly titleEn: string | null
  readonly modelCode: string
  readonly barcode: string
  readonly width: number
  readonly depth: number
  readonly height: number
  readonly price: number
  readonly currency: string
  /** ISO date. */
  readonly availableFrom: string
  readonly specs: { readonly [spec in Spec]?: string | number }
}

const kinds = [
  ["Masa Lambası", "Table Lamp", "Aydınlatma", "Gün Işığı", "MLB"],
  ["Sarkıt", "Pendant", "Aydınlatma", "Yıldız", "SRK"],
  ["Çalışma Masası", "Desk", "Mobilya", "Şehir", "CMS"],
  ["Kitaplık", "Bookcase", "Mobilya", "Ağaç", "KTP"],
  ["Yün Halı", "Wool Rug", "Tekstil", "İlmek", "HLI"],
  ["Boy Aynası", "Mirror", "Dekorasyon", "Gölge", "AYN"],
] as const

const names = [
  ["Gökkuşağı", "Rainbow"],
  ["Çağla", "Almond"],
  ["Şafak", "Dawn"],
  ["İnci", "Pearl"],
  ["Ilgaz", "Ilgaz"],
  ["Öykü", "Story"],
  ["Ürgüp", "Urgup"],
  ["Doğa", "Nature"],
] as const

const brands = ["Göksu", "Özdemir", "Çınar", "Işık"] as const
const colors = ["Beyaz", "Siyah", "Gri", "Ceviz", "Meşe", "Kırmızı"] as const
const materials = ["Çelik", "Ahşap", "Cam", "Yün", "Pamuk"] as const

const variantsPerProduct = 3

const pad = (value: number, digits: number): string => String(value).padStart(digits, "0")

/** The article of a data row, counted from 1; the same seed and number give the same article. */
export const article = (row: number, seed: number): Article => {
  const index = Math.floor((row - 1) / variantsPerProduct)
  const [kindTr, kindEn, category, series, code] = kinds[index % kinds.length]!
  const [nameTr, nameEn] = names[Math.floor(index / kinds.length) % names.length]!
  const edition = 1 + Math.floor(index / (kinds.length * names.length))
  const next = random(seed * 1_000_003 + row)
  const cents = 5_000 + Math.floor(next() * 4_000_000)
  return {
    category,
    series,
    brand: brands[index % brands.length]!,
    titleTr: edition === 1 ? `${nameTr} ${kindTr}` : `${nameTr} ${kindTr} ${edition}`,
    titleEn: index % 20 === 9 ? null : edition === 1 ? `${nameEn} ${kindEn}` : `${nameEn} ${kindEn} ${edition}`,
    modelCode: `${code}-${6000 + row}`,
    barcode: `869${pad(row, 10)}`,
    width: 20 + Math.floor(next() * 2_000) / 10,
    depth: 10 + Math.floor(next() * 800) / 10,
    height: 15 + Math.floor(next() * 1_800) / 10,
    price: cents / 100,
    currency: row % 9 === 0 ? "EUR" : "TRY",
    availableFrom: `2026-${pad(1 + (row % 12), 2)}-${pad(1 + (row % 28), 2)}`,
    specs: {
      color: colors[row % colors.length]!,
      material: materials[index % materials.length]!,
      weight_kg: 1 + Math.floor(next() * 300) / 10,
      warranty: 1 + (index % 5),
      origin: "Türkiye",
      ...(category === "Aydınlatma"
        ? { power_w: 5 + (row % 40), kelvin: 2_700, socket: "E27", dimmable: row % 2 === 0 ? "Evet" : "Hayır" }
        : {}),
      ...(category === "Mobilya" ? { drawers: row % 4, assembly: "Gerekli", max_load_kg: 40 + (row % 60) } : {}),
      ...(category === "Tekstil" ? { pile_mm: 8 + (row % 10), washable: "Hayır" } : {}),
    },
  }
}
