/**
 * The specifications of a variant: fifty columns of the workbook, of which each row fills a few, and one JSON object in the shop.
 *
 * @module
 */

/** Name in the shop → heading in the workbook. */
export const specs = {
  color: "Renk",
  material: "Malzeme",
  surface: "Yüzey",
  finish: "Kaplama",
  weight_kg: "Ağırlık (kg)",
  volume_l: "Hacim (lt)",
  max_load_kg: "Taşıma Kapasitesi (kg)",
  power_w: "Güç (W)",
  voltage: "Voltaj",
  current_ma: "Akım (mA)",
  lumen: "Işık Akısı (lm)",
  kelvin: "Renk Sıcaklığı (K)",
  cri: "CRI",
  socket: "Duy",
  bulb: "Ampul",
  dimmable: "Dim Edilebilir",
  energy_class: "Enerji Sınıfı",
  ip_class: "IP Sınıfı",
  ik_class: "IK Sınıfı",
  cable_m: "Kablo Boyu (m)",
  switch: "Anahtar",
  remote: "Kumanda",
  battery: "Pil",
  charging: "Şarj",
  mounting: "Montaj",
  assembly: "Kurulum",
  foldable: "Katlanır",
  stackable: "İstiflenebilir",
  wheels: "Tekerlek",
  legs: "Ayak",
  drawers: "Çekmece Sayısı",
  doors: "Kapak Sayısı",
  shelves: "Raf Sayısı",
  fabric: "Kumaş",
  filling: "Dolgu",
  washable: "Yıkanabilir",
  pile_mm: "Hav Yüksekliği (mm)",
  knots: "Düğüm Sayısı",
  glass: "Cam",
  frame: "Çerçeve",
  shape: "Şekil",
  style: "Stil",
  room: "Oda",
  pieces: "Parça Sayısı",
  package: "Paket",
  package_count: "Koli Adedi",
  origin: "Menşei",
  warranty: "Garanti (yıl)",
  certificate: "Sertifika",
  note: "Not",
} as const

/** The name of a specification. */
export type Spec = keyof typeof specs

/** All names, in the order of the workbook. */
export const specNames = Object.keys(specs) as ReadonlyArray<Spec>
