/**
 * The report's style sheet: light and dark, narrow windows, paper.
 */

/** The text of the style element. */
export const style = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1c2430;--soft:#566173;--line:#d9dee6;--accent:#1d5fa8;--good:#1f7a4d;--update:#1d5fa8;--quiet:#a9b4c2;--warn:#8a5a00;--warnfill:#d99a21;--bad:#b3261e;--focus:#0b57d0}
@media (prefers-color-scheme:dark){:root{--page:#12161c;--card:#1a2028;--ink:#e6eaf0;--soft:#a7b1bf;--line:#323b47;--accent:#7db4f0;--good:#5cc28f;--update:#7db4f0;--quiet:#55616f;--warn:#e7b559;--warnfill:#d99a21;--bad:#ff8a80;--focus:#a8c7fa}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
.skip{position:absolute;left:-999px}
.skip:focus{left:8px;top:8px;background:var(--card);padding:8px 12px;z-index:9}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:4px}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 24px}
header{padding-top:32px}
h1{font-size:27px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:19px;margin:40px 0 12px}
.lead{color:var(--soft);margin:0 0 16px;overflow-wrap:anywhere}
.status{display:inline-block;border:1px solid currentColor;border-radius:99px;padding:1px 12px;font-size:14px;font-weight:600;vertical-align:middle}
.status.success,.status.pending{color:var(--good)}.status.partial,.status.cancelled,.status.undone,.status.running,.status.validating{color:var(--warn)}.status.failed{color:var(--bad)}
.failure{border-left:4px solid var(--bad);background:var(--card);padding:10px 16px;margin:0 0 16px;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(118px,1fr));gap:12px;padding:0;margin:0 0 16px;list-style:none}
.cards li{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 14px}
.cards b{display:block;font-size:23px;line-height:1.3;font-variant-numeric:tabular-nums}
.cards span{color:var(--soft);font-size:13px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr));gap:16px}
.runs{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,270px),1fr));gap:16px}
.chart{margin:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;min-width:0}
figcaption{font-weight:600;margin-bottom:8px}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--ink);font-size:14px}
svg .label{text-anchor:end;fill:var(--soft)}
svg .value{font-variant-numeric:tabular-nums}
.good{fill:var(--good);background:var(--good)}.update{fill:var(--update);background:var(--update)}.quiet{fill:var(--quiet);background:var(--quiet)}.warn{fill:var(--warnfill);background:var(--warnfill)}.bad{fill:var(--bad);background:var(--bad)}.accent{fill:var(--accent);background:var(--accent)}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;list-style:none;margin:0 0 4px;padding:0;font-size:13px;color:var(--soft)}
.key{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:6px}
details{margin-top:8px;font-size:14px}
summary{cursor:pointer;color:var(--soft)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
caption{text-align:left;color:var(--soft);padding:4px 0}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top}
thead th{position:sticky;top:0;background:var(--card);white-space:nowrap}
td{overflow-wrap:anywhere;min-width:70px}
td bdi{white-space:pre-wrap}
td.choice{overflow-wrap:normal}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
th button{all:unset;cursor:pointer;font-weight:600}
th button:focus-visible{outline:3px solid var(--focus)}
th[aria-sort=ascending] button::after{content:" ▲"}th[aria-sort=descending] button::after{content:" ▼"}
.error{color:var(--bad);font-weight:600}.warning{color:var(--warn);font-weight:600}
.table{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.tools{display:flex;flex-wrap:wrap;gap:10px 14px;align-items:end;margin-bottom:8px}
.tools label{display:grid;gap:2px;font-size:13px;color:var(--soft)}
.tools input,.tools select,.pages button{font:inherit;font-size:14px;color:var(--ink);background:var(--page);border:1px solid var(--line);border-radius:6px;padding:5px 9px;max-width:100%}
.tools input{width:240px}.tools select{max-width:260px}
.pages{display:flex;flex-wrap:wrap;gap:10px;align-items:center;margin-top:10px;font-size:14px}
.pages button{cursor:pointer}.pages button:disabled{opacity:.5;cursor:default}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}
code{font-size:13px}.hash{overflow-wrap:anywhere}small{color:var(--soft)}
footer{color:var(--soft);padding-bottom:40px;margin-top:32px;font-size:13px}
[hidden]{display:none}
@media (max-width:560px){header,main,footer{padding:0 14px}header{padding-top:18px}.facts{grid-template-columns:1fr}.facts dd{margin-bottom:6px}.tools input{width:100%}.tools label{width:100%}}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
@media print{:root{--page:#fff}.tools,.pages,.skip{display:none}.chart,.table,.cards li{break-inside:avoid}thead th{position:static}}
`
