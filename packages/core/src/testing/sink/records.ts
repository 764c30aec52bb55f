/**
 * The records that most laws of a sink are about.
 */
import type { Fields } from "./Harness.ts"

/** A product; what is given takes the place of the rest. Fields that may be absent are. */
export const product = (number: number, more: Fields = {}): Fields => ({
  sku: `P-${number}`,
  title: `Product ${number}`,
  stock: number,
  price: `${number}.50`,
  ...more,
})

/** Products, by their numbers. */
export const products = (...numbers: ReadonlyArray<number>): ReadonlyArray<Fields> => numbers.map((number) => product(number))
