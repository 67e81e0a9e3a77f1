/** @file A picture's bytes, and what is decoded from them: the limits and the colors that all encoders share. */
import { readFile, stat } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'

/** No picture of an item is near either. Beyond, memory would be at the mercy of one file. */
const most = { bytes: 100_000_000, pixels: 100_000_000 }

/** The bytes of a picture's file; undefined where there is none, it is empty or too large, or it is no regular file. */
export async function pictureBytes(path: string): Promise<Uint8Array | undefined> {
  try {
    // A pipe or a device would be waited for without end.
    const file = await stat(path)
    return file.isFile() && file.size > 0 && file.size <= most.bytes ? await readFile(path) : undefined
  } catch {
    return undefined
  }
}

/** A picture to be decoded as red, green and blue: the first frame, on white where it is transparent. */
export function openPicture(bytes: Uint8Array): Sharp {
  return sharp(bytes, { limitInputPixels: most.pixels }).flatten({ background: '#fff' }).toColorspace('srgb')
}

/** A decoded picture. */
export interface Pixels {
  readonly width: number
  readonly height: number
  /** [height, width, 3]: red, green and blue bytes. */
  readonly data: Uint8Array
}

/**
 * The pixels of a picture at its own size, upright as its camera noted; undefined where it cannot be decoded whole, or
 * has more than 100 million points.
 */
export async function decodePicture(bytes: Uint8Array): Promise<Pixels | undefined> {
  try {
    const { data, info } = await openPicture(bytes).autoOrient().raw().toBuffer({ resolveWithObject: true })
    return info.channels === 3 ? { width: info.width, height: info.height, data } : undefined
  } catch {
    return undefined
  }
}
