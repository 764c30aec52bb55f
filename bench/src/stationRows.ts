/**
 * Generates charging stations as a points-of-interest interface delivers them: nested JSON of about 600 bytes, one a line.
 *
 * @module
 */
import { cachedFile } from "./cache.ts"
import { brands, towns } from "./catalogWords.ts"
import { random } from "./random.ts"

/** The generator's version: files of another version are made anew. */
export const stationVersion = 1

/** The seed of the stations that are measured. */
export const stationSeed = 20_250_702

/** A station as it is delivered. */
export interface StationRow {
  readonly ID: number
  readonly AddressInfo: {
    readonly Title: string
    readonly AddressLine1: string
    readonly Town: string
    readonly Postcode: string | null
    readonly Country: { readonly ISOCode: string }
    readonly Latitude: number
    readonly Longitude: number
  }
  readonly OperatorInfo: { readonly Title: string } | null
  readonly StatusType: { readonly IsOperational: boolean }
  readonly UsageCost: string | null
  readonly Connections: ReadonlyArray<{
    readonly ID: number
    readonly ConnectionType: { readonly FormalName: string }
    readonly PowerKW: number
    readonly Quantity: number
  }>
  readonly DateLastVerified: string
}

const plugs: ReadonlyArray<readonly [name: string, kilowatts: number]> = [
  ["IEC 62196-2 Type 2", 22],
  ["IEC 62196-3 Configuration FF", 150],
  ["IEC 62196-3 Configuration AA", 50],
  ["SAE J1772-2009", 7.4],
]

const two = (value: number): string => (value < 10 ? `0${value}` : String(value))

/** Stations from the first on, each a JSON line with its line end; the same seed gives the same ones. */
export const stationRows = (seed: number): (() => string) => {
  const draw = random(seed)
  let index = 0
  return () => {
    const [, operator] = draw.pick(brands)
    const [town, longitude, latitude] = draw.pick(towns)
    const id = 100_000 + index++
    const row: StationRow = {
      ID: id,
      AddressInfo: {
        Title: `${town} ${operator} charging hub ${draw.below(400) + 1}`,
        AddressLine1: `${draw.below(200) + 1} Station Road, "Block ${draw.below(9)}"`,
        Town: town,
        Postcode: draw.oneIn(9) ? null : String(draw.below(90_000) + 10_000),
        Country: { ISOCode: draw.pick(["TR", "DE", "NO", "FR", "PL"]) },
        Latitude: Math.round((latitude + draw.below(20_000) / 100_000) * 100_000) / 100_000,
        Longitude: Math.round((longitude + draw.below(20_000) / 100_000) * 100_000) / 100_000,
      },
      OperatorInfo: draw.oneIn(10) ? null : { Title: operator },
      StatusType: { IsOperational: !draw.oneIn(12) },
      UsageCost: draw.oneIn(3) ? null : `${draw.below(90) + 10} ct per kWh, free for the first ${draw.below(30)} minutes`,
      Connections: Array.from({ length: 1 + draw.below(3) }, (_, at) => {
        const [name, kilowatts] = draw.pick(plugs)
        return { ID: id * 10 + at, ConnectionType: { FormalName: name }, PowerKW: kilowatts, Quantity: 1 + draw.below(4) }
      }),
      DateLastVerified: `${2019 + draw.below(6)}-${two(1 + draw.below(12))}-${two(1 + draw.below(28))}T${two(draw.below(24))}:${two(draw.below(60))}:00Z`,
    }
    return `${JSON.stringify(row)}\n`
  }
}

/** The file of this many stations, made if it is not in the cache; its path. */
export const stationFile = (rows: number): Promise<string> =>
  cachedFile(`stations-${rows}-seed${stationSeed}-v${stationVersion}.ndjson`, "", rows, stationRows(stationSeed))
