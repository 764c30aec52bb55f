/**
 * The words that the generated catalog and stations are made of.
 *
 * @module
 */

/** Brands, with the code their SKUs start with. */
export const brands: ReadonlyArray<readonly [code: string, name: string]> = [
  ["ALP", "Alpina"],
  ["ARC", "Arçelik"],
  ["BOR", "Borealis"],
  ["BRV", "Brava & Co."],
  ["CND", "Candela"],
  ["DMR", "Demir"],
  ["ECL", "Éclair"],
  ["FLX", "Flexa"],
  ["GKO", "Gökçe"],
  ["HLM", "Holm"],
  ["IGL", "Iglu"],
  ["KRP", "Krüper"],
  ["LMN", "Lumen"],
  ["MRN", "Marin"],
  ["NRD", "Nordlys"],
  ["OST", "Øst"],
  ["PLT", "Polat"],
  ["SHN", "Şahin"],
  ["TRN", "Terran"],
  ["VLT", "Voltaj"],
]

/** Categories. */
export const categories: ReadonlyArray<string> = [
  "lighting",
  "hand-tools",
  "power-tools",
  "kitchen",
  "bathroom",
  "garden",
  "cables",
  "fasteners",
  "paint",
  "heating",
  "storage",
  "safety",
]

/** Series. */
export const series: ReadonlyArray<string> = [
  "Pro",
  "Basic",
  "Classic",
  "Studio",
  "Compact",
  "Outdoor",
  "Eco",
  "Prestige",
  "Mini",
]

/** What things are, for titles. */
export const nouns: ReadonlyArray<string> = [
  "pendant lamp",
  "wall lamp",
  "screwdriver",
  "cordless drill",
  "mixer tap",
  "garden hose",
  "cable reel",
  "wood screw",
  "wall paint",
  "panel heater",
  "shelf bracket",
  "work glove",
  "çekmece rayı",
  "Schraubendreher",
  "LED şerit",
  "extension lead",
]

/** How things are, for titles. */
export const adjectives: ReadonlyArray<string> = [
  "white",
  "black",
  "matt",
  "brushed",
  "oak",
  "steel",
  "gümüş",
  "blau",
  "slim",
  "wide",
]

/** Pieces of descriptions; some hold commas, quotes and letters beyond ASCII, so that cells have to be quoted. */
export const phrases: ReadonlyArray<string> = [
  "for indoor and outdoor use",
  "easy to mount",
  "spare parts available",
  "with two years of warranty",
  'fits 3/4" threads',
  "dust-tight, splash-proof",
  "değiştirilebilir başlık",
  "für Innen- und Außenbereich",
  "sold in a recyclable box",
  "tested to the newest standard",
  "suits walls of wood and stone",
  "cable of 1.5 m included",
  "energy class A",
  "quiet in use",
  "paslanmaz çelik gövde",
]

/** Towns for stations, with longitude and latitude. */
export const towns: ReadonlyArray<readonly [name: string, longitude: number, latitude: number]> = [
  ["İstanbul", 28.98, 41.01],
  ["Ankara", 32.85, 39.93],
  ["İzmir", 27.14, 38.42],
  ["Bursa", 29.06, 40.19],
  ["Berlin", 13.4, 52.52],
  ["München", 11.58, 48.14],
  ["Oslo", 10.75, 59.91],
  ["Paris", 2.35, 48.86],
  ["Lyon", 4.84, 45.76],
  ["Kraków", 19.94, 50.06],
]
