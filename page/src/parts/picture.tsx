/** @file An item's picture, or what stands for one that it does not have. */
import { useEffect, useState } from 'preact/hooks'
import { key, nothingSent, send } from '../api.ts'

interface PictureProps {
  readonly id: string
  readonly title: string
  /** Whether the service has one. */
  readonly has: boolean
  readonly size: 'poster' | 'tile' | 'thumb'
}

/** A picture. Its words stand beside it, so that a screen reader hears each item once. */
export function Picture({ id, title, has, size }: PictureProps) {
  const [failed, setFailed] = useState(false)
  const path = `./v1/items/${encodeURIComponent(id)}/picture`
  const [shown, setShown] = useState(false)
  // A picture that has not come yet would be asked for when it is scrolled to.
  const allowed = shown || !nothingSent.value
  const source = useSource(path, has && allowed)
  if (!has || failed || !allowed)
    return (
      <span class={`picture ${size} blank`} aria-hidden="true">
        {initials(title || id)}
      </span>
    )
  return (
    <img
      class={`picture ${size}`}
      src={source}
      alt=""
      loading="lazy"
      decoding="async"
      onLoad={() => setShown(true)}
      onError={() => setFailed(true)}
    />
  )
}

/** Copies by address, for as long as the tab is open: one item is shown many times. */
const copies = new Map<string, Promise<string>>()

/** The picture's address; where the service wants a key, which an address cannot carry, that of a copy. */
function useSource(path: string, has: boolean): string | undefined {
  const [copy, setCopy] = useState<string>()
  const copied = has && key.value !== ''
  useEffect(() => {
    if (!copied) return undefined
    let left = false
    const made = copies.get(path) ?? copyOf(path)
    copies.set(path, made)
    made.then(
      (address) => left || setCopy(address),
      () => copies.delete(path),
    )
    return () => {
      left = true
    }
  }, [path, copied])
  return copied ? copy : path
}

async function copyOf(path: string): Promise<string> {
  const response = await send({ path: path.slice(1) })
  return URL.createObjectURL(await response.blob())
}

const initials = (title: string): string =>
  title
    .split(/\s+/)
    .filter((word) => /^[\p{L}\p{N}]/u.test(word))
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join('')
