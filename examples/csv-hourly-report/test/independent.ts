/**
 * The sums of trips once more, made of the CSV text without any code of the example: cells cut at commas, amounts counted in whole cents.
 */

/** Sums of an hour or a quarter, amounts in cents. */
export interface Counted {
  trips: number
  passengers: number
  distance: number
  fare: number
  tips: number
  tolls: number
  total: number
}

const cents = (text: string): number => {
  const [whole, behind = ""] = text.replace("-", "").split(".")
  const value = Number(whole) * 100 + Number(behind.padEnd(2, "0").slice(0, 2))
  return text.startsWith("-") ? -value : value
}

/** The sums by a part of the pickup's time. */
export const count = (csv: string, part: (pickup: string) => string): Map<string, Counted> => {
  const [first, ...lines] = csv.trim().split(/\r?\n/)
  const names = first!.split(",")
  const sums = new Map<string, Counted>()
  for (const line of lines) {
    const cells = line.split(",")
    const cell = (name: string): string => cells[names.indexOf(name)]!
    const key = part(cell("pickup_datetime"))
    const it = sums.get(key) ?? { trips: 0, passengers: 0, distance: 0, fare: 0, tips: 0, tolls: 0, total: 0 }
    sums.set(key, it)
    // a trip that was taken back counts with its money only
    if (cents(cell("total_amount")) >= 0) {
      it.trips++
      it.passengers += Number(cell("passenger_count"))
      it.distance += cents(cell("trip_distance"))
    }
    it.fare += cents(cell("fare_amount"))
    it.tips += cents(cell("tip_amount"))
    it.tolls += cents(cell("tolls_amount"))
    it.total += cents(cell("total_amount"))
  }
  return sums
}

/** A row of the database's sums in the same form. */
export const ofRow = (row: Readonly<Record<string, any>>): Counted => ({
  trips: Number(row["trips"]),
  passengers: Number(row["passengers"]),
  distance: cents(row["distance"]),
  fare: cents(row["fare"]),
  tips: cents(row["tips"]),
  tolls: cents(row["tolls"]),
  total: cents(row["total"]),
})
