/** @file Picture files for whoever looks at them: small copies for a page, and which are the same picture. */
import sharp from 'sharp'

/** A picture as a small JPEG in a `data:` URL; undefined for a file that is no picture. */
export async function smallPicture(path: string, height = 120): Promise<string | undefined> {
  try {
    const bytes = await sharp(path, { limitInputPixels: mostPixels })
      .rotate()
      .flatten({ background: '#fff' })
      .resize({ height, width: height, fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: 72 })
      .toBuffer()
    return `data:image/jpeg;base64,${bytes.toString('base64')}`
  } catch {
    return undefined
  }
}

const mostPixels = 100_000_000

/** What a picture looks like from afar. */
export interface PictureHash {
  /** Four times 16 bits: whether each of 8 x 8 places is clearly brighter than its right neighbor. */
  readonly bits: Uint16Array
  /** Red, green and blue of 8 x 8 places. */
  readonly colors: Uint8Array
}

/** In levels of grey: of an even area compression makes brighter and darker places. */
const clearly = 6

/** The hash of a picture; undefined for a file that is no picture. */
export async function pictureHash(path: string): Promise<PictureHash | undefined> {
  try {
    const picture = sharp(path, { limitInputPixels: mostPixels }).rotate().flatten({ background: '#fff' })
    const pixels = (columns: number) => picture.clone().resize(columns, 8, { fit: 'fill' }).toColorspace('srgb')
    const grey = await pixels(9).greyscale().raw().toBuffer()
    const colors = new Uint8Array(await pixels(8).removeAlpha().raw().toBuffer())
    const bits = new Uint16Array(4)
    for (let at = 0; at < 64; at++) {
      const place = Math.floor(at / 8) * 9 + (at % 8)
      if ((grey[place] as number) > (grey[place + 1] as number) + clearly)
        bits[at >> 4] = (bits[at >> 4] as number) | (1 << (at & 15))
    }
    return { bits, colors }
  } catch {
    return undefined
  }
}

/** So many bits may differ, and a color by so much on average. */
const [mostBits, mostColor] = [3, 4]

/** Whether two hashes are of one picture, give or take scaling and compression. */
export function isSamePicture(a: PictureHash, b: PictureHash): boolean {
  let bits = 0
  for (const [at, own] of a.bits.entries()) {
    for (let other = own ^ (b.bits[at] as number); other !== 0; other &= other - 1) bits++
    if (bits > mostBits) return false
  }
  const difference = a.colors.reduce((sum, color, at) => sum + Math.abs(color - (b.colors[at] as number)), 0)
  return difference <= mostColor * a.colors.length
}
