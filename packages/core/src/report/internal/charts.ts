/**
 * Charts as inline SVG, each a figure with its numbers as a table beside it, which is what a screen reader reads.
 */
import { count, escaped, share, visible } from "./markup.ts"

/** A part of a bar: `tone` names its colour in the style sheet. */
export interface Part {
  readonly label: string
  readonly value: number
  readonly tone: string
}

/** A bar. */
export interface Bar {
  readonly label: string
  readonly parts: ReadonlyArray<Part>
}

const width = 560
const labels = 170
const gap = 12
const high = 18

const short = (text: string): string => {
  const signs = [...visible(text)]
  return signs.length <= 22 ? signs.join("") : `${signs.slice(0, 21).join("")}…`
}

const total = ({ parts }: Bar): number => parts.reduce((sum, { value }) => sum + value, 0)

const legend = (bars: ReadonlyArray<Bar>): string => {
  const seen = new Map<string, string>()
  for (const { parts } of bars) for (const { label, tone, value } of parts) if (value > 0) seen.set(label, tone)
  if (seen.size < 2) return ""
  const items = [...seen].map(([label, tone]) => `<li><span class="key ${tone}"></span>${escaped(label)}</li>`)
  return `<ul class="legend" aria-hidden="true">${items.join("")}</ul>`
}

const numbers = (title: string, bars: ReadonlyArray<Bar>, of: string): string => {
  const columns = [...new Set(bars.flatMap(({ parts }) => parts.map(({ label }) => label)))]
  const head = columns.map((label) => `<th scope="col" class="number">${escaped(label)}</th>`).join("")
  const rows = bars.map(
    (bar) =>
      `<tr><th scope="row"><bdi>${escaped(visible(bar.label))}</bdi></th>${columns
        .map((label) => `<td class="number">${count(bar.parts.find((part) => part.label === label)?.value ?? 0)}</td>`)
        .join("")}</tr>`,
  )
  return `<details><summary>Figures of “${escaped(title)}”</summary><div class="scroll" tabindex="0" role="region" aria-label="Figures of ${escaped(title)}"><table><caption>${escaped(title)}</caption><thead><tr><th scope="col">${escaped(of)}</th>${head}</tr></thead><tbody>${rows.join("")}</tbody></table></div></details>`
}

/**
 * A chart of horizontal bars. `whole` makes each as long as the others, to compare shares; else they are to one scale. `of` is what the bars are, for the
 * head of their table.
 */
export const bars = (title: string, of: string, all: ReadonlyArray<Bar>, whole = false): string => {
  const shown = all.filter((bar) => total(bar) > 0)
  if (shown.length === 0) return ""
  const most = Math.max(...shown.map(total))
  const room = width - labels - 80
  const height = shown.length * (high + gap) + gap
  const lines = shown.map((bar, row) => {
    const y = gap + row * (high + gap)
    const scale = room / (whole ? total(bar) : most)
    let x = labels
    const rects = bar.parts
      .filter(({ value }) => value > 0)
      .map(({ label, tone, value }) => {
        // what is there is seen, however little it is
        const wide = Math.max(1.5, value * scale)
        const rect = `<rect x="${x.toFixed(1)}" y="${y}" width="${wide.toFixed(1)}" height="${high}" rx="2" class="${tone}"><title>${escaped(`${visible(bar.label)}: ${label} ${count(value)} (${share(value, total(bar))})`)}</title></rect>`
        x += wide
        return rect
      })
    return `<text x="${labels - 10}" y="${y + high - 5}" class="label">${escaped(short(bar.label))}</text>${rects.join("")}<text x="${(x + 8).toFixed(1)}" y="${y + high - 5}" class="value">${count(total(bar))}</text>`
  })
  const said = `${title}: ${shown
    .slice(0, 6)
    .map((bar) => `${visible(bar.label)} ${count(total(bar))}`)
    .join(", ")}${shown.length > 6 ? ", and others" : ""}`
  return `<figure class="chart"><figcaption>${escaped(title)}</figcaption>${legend(shown)}<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(said)}">${lines.join("")}</svg>${numbers(title, all, of)}</figure>`
}

/** A run in a chart of runs. */
export interface Point {
  readonly label: string
  readonly value: number
  /** What the value is in words. */
  readonly said: string
  /** The run that the report is about. */
  readonly isThis: boolean
}

/** A small chart of one figure over runs, oldest first. */
export const columns = (title: string, points: ReadonlyArray<Point>): string => {
  if (points.length < 2) return ""
  const high = 90
  const wide = 340
  const most = Math.max(...points.map(({ value }) => value), Number.MIN_VALUE)
  const step = wide / Math.max(points.length, 8)
  const rects = points.map(({ isThis, label, said, value }, at) => {
    const tall = value === 0 ? 1 : Math.max(2, (value / most) * (high - 8))
    return `<rect x="${(at * step + 2).toFixed(1)}" y="${(high - tall).toFixed(1)}" width="${(step - 4).toFixed(1)}" height="${tall.toFixed(1)}" rx="2" class="${isThis ? "accent" : "quiet"}"><title>${escaped(`${label}: ${said}`)}</title></rect>`
  })
  const last = points[points.length - 1]!
  const rows = points
    .map(({ label, said }) => `<tr><th scope="row">${escaped(label)}</th><td class="number">${escaped(said)}</td></tr>`)
    .join("")
  return `<figure class="chart small"><figcaption>${escaped(title)} <strong>${escaped(last.said)}</strong></figcaption><svg viewBox="0 0 ${wide} ${high}" role="img" aria-label="${escaped(`${title} of ${points.length} runs, the last one ${last.said}`)}">${rects.join("")}</svg><details><summary>Figures of “${escaped(title)}”</summary><div class="scroll" tabindex="0" role="region" aria-label="Figures of ${escaped(title)}"><table><caption>${escaped(title)}</caption><thead><tr><th scope="col">run</th><th scope="col" class="number">figure</th></tr></thead><tbody>${rows}</tbody></table></div></details></figure>`
}
