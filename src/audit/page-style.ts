/** @file How the page of an audit looks, in light and in dark, on a desk and on a phone. */

/** The style sheet. */
export const pageStyle = `
:root { color-scheme: light dark; --paper: #fafaf8; --card: #fff; --ink: #1d1d1b; --quiet: #5d5d57; --line: #dcdcd5; --mark: #a5340f; --wash: #fbe9e2 }
@media (prefers-color-scheme: dark) { :root { --paper: #171715; --card: #21211e; --ink: #ecece6; --quiet: #a9a9a1; --line: #3a3a35; --mark: #ff9d78; --wash: #3b241b } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .5rem }
h2 { font-size: 1.3rem; margin: 3rem 0 .25rem }
h3 { font-size: 1rem; line-height: 1.35; margin: .75rem 0 .25rem; overflow-wrap: anywhere }
p { max-width: 46rem; margin: .25rem 0 1rem }
small, .lead, .who, .more, .none { color: var(--quiet) }
small { font-size: .85rem }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1.25rem 0 }
.tile { display: flex; flex-direction: column; padding: .9rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; color: inherit; text-decoration: none }
.tile:hover, .tile:focus-visible { border-color: var(--mark) }
.tile b { font-size: 1.8rem; line-height: 1.2; font-variant-numeric: tabular-nums }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(21rem, 100%), 1fr)); gap: .75rem }
.card { padding: .9rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; min-width: 0 }
.card header { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; margin-bottom: .75rem; font-size: .9rem }
.who { overflow-wrap: anywhere }
.chip { padding: .05rem .5rem; border-radius: 1rem; background: var(--wash); color: var(--mark); font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap }
.pair { display: flex; gap: 1rem; align-items: flex-start }
.own { height: 7.5rem; max-width: 7.5rem; object-fit: contain; border-radius: .3rem; outline: 2px solid var(--mark); flex: none }
.beside { min-width: 0 }
.thumbs { display: flex; flex-wrap: wrap; gap: .35rem; margin-top: .3rem }
.thumb { height: 4.2rem; max-width: 4.2rem; object-fit: contain; border-radius: .25rem }
.blank { display: block; overflow: hidden; padding: .35rem; border: 1px dashed var(--line); color: var(--quiet); font-size: .75rem; line-height: 1.25; overflow-wrap: anywhere }
.own.blank { width: 7.5rem; outline-width: 1px }
.thumb.blank { width: 4.2rem }
ul { margin: .25rem 0 0; padding-left: 1.1rem; font-size: .9rem }
.group { display: flex; gap: 1rem }
.group ul { margin-top: 0 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; background: var(--card); border: 1px solid var(--line); font-size: .95rem }
th, td { padding: .45rem .75rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
@media (max-width: 40rem) { th, td { padding: .4rem .5rem } .number { white-space: normal } .own { height: 6rem; max-width: 6rem } }
`
