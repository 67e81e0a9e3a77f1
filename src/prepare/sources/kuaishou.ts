/** @file The `kuaishou` source: the short-video interaction log with its click, like and follow columns. */
import { mappedTables } from './mapped-tables.ts'
import { layoutOf, needOwnFiles } from './own-files.ts'
import type { Source } from './source.ts'

const columns = ['user_id', 'photo_id', 'click', 'like', 'follow', 'time', 'playing_time', 'duration_time']

/**
 * Kuaishou's interaction log, with or without a header; the like is the target. Videos come from the log: there is no
 * item table.
 */
export const kuaishou: Source = {
  about: 'Kuaishou: an interaction log (user_id, photo_id, click, like, follow, time, playing_time, duration_time)',
  async read(request) {
    const files = needOwnFiles(request, /interaction.*\.(txt|csv|tsv)(\.gz)?$/, 'train_interaction.txt')
    return mappedTables(request, {
      events: {
        files,
        ...(await layoutOf(files[0] as string, columns)),
        user: 'user_id',
        item: 'photo_id',
        time: 'time',
      },
      behaviors: [
        { name: 'click', when: 'click = 1' },
        { name: 'like', when: 'like = 1' },
        { name: 'follow', when: 'follow = 1' },
      ],
      target: 'like',
    })
  },
}
