/** @file What a page of the service may load: files of the service, and nothing that stands in the document itself. */
import { createHash } from 'node:crypto'

/** The policy of a page. @param style the one text of a `<style>` that its document may have */
export const pagePolicy = (style?: string): string =>
  [
    "default-src 'self'",
    // In private mode the page compiles the model's runtime. Documents with a style of their own run nothing.
    ...(style === undefined ? ["script-src 'self' 'wasm-unsafe-eval'"] : []),
    "img-src 'self' blob:",
    ...(style === undefined ? [] : [`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`]),
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
