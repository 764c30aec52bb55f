/**
 * Comments beside cells: the part that holds their texts, and the drawing that older programs want for each.
 */
import type { Comment } from "./SheetPatch.ts"
import { cut, xmlText } from "./text.ts"

/** The most comments of a sheet; programs get slow with more. The issue column has all that there is to say. */
export const most = 5_000

const declaration = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n`
const author = "Waybill"

/** The part of the texts; `main` is the namespace of the workbook's parts. */
export const textsPart = (comments: ReadonlyArray<Comment>, main: string): string =>
  `${declaration}<comments xmlns="${main}"><authors><author>${author}</author></authors><commentList>${comments
    .map(
      ({ reference, text }) =>
        `<comment ref="${reference}" authorId="0"><text><r><t xml:space="preserve">${xmlText(cut(text, 4_000))}</t></r></text></comment>`,
    )
    .join("")}</commentList></comments>`

/** The drawing. */
export const drawingPart = (comments: ReadonlyArray<Comment>): string =>
  `<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/></o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>${comments
    .map(
      ({ column, row }, at) =>
        `<v:shape id="_x0000_s${1025 + at}" type="#_x0000_t202" style="position:absolute;width:180pt;height:70pt;z-index:${at + 1};visibility:hidden" fillcolor="#fde2e1" o:insetmode="auto"><v:fill color2="#fde2e1"/><v:shadow color="none" obscured="t"/><v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"/><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>${column + 1}, 15, ${Math.max(0, row - 2)}, 10, ${column + 4}, 15, ${Math.max(0, row - 2) + 4}, 4</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>${row - 1}</x:Row><x:Column>${column}</x:Column></x:ClientData></v:shape>`,
    )
    .join("")}</xml>`
