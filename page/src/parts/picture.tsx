/** @file An item's picture, or what stands for one that it does not have. */
import { useEffect, useState } from 'preact/hooks'
import { key, send } from '../api.ts'

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
  const source = useSource(path, has)
  if (!has || failed)
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
      onError={() => setFailed(true)}
    />
  )
}

/** The picture's address; where the service wants a key, which an address cannot carry, that of a copy. */
function useSource(path: string, has: boolean): string | undefined {
  const [copy, setCopy] = useState<string>()
  const fetched = has && key.value !== ''
  useEffect(() => {
    if (!fetched) return undefined
    let address: string | undefined
    let left = false
    send({ path: path.slice(1) })
      .then((response) => response.blob())
      .then((blob) => {
        if (left) return
        address = URL.createObjectURL(blob)
        setCopy(address)
      })
      .catch(() => undefined)
    return () => {
      left = true
      if (address !== undefined) URL.revokeObjectURL(address)
    }
  }, [path, fetched])
  return fetched ? copy : path
}

const initials = (title: string): string =>
  title
    .split(/\s+/)
    .filter((word) => /^[\p{L}\p{N}]/u.test(word))
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join('')
