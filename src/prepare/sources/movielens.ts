/** @file The `movielens` source: ratings.csv and movies.csv; a click is any rating, a favorite one of 4 or more; of impressions, a click is a favorite against what was rated lower. */
import { existsSync } from 'node:fs'
import { mappedTables } from './mapped-tables.ts'
import { ownFile } from './own-files.ts'
import type { Source } from './source.ts'

/** MovieLens in its CSV form; pictures named by movieId are taken from the folder `posters` if there is one. */
export const movielens: Source = {
  about: 'MovieLens: ratings.csv (userId, movieId, rating, timestamp), movies.csv (movieId, title, genres)',
  read(request) {
    const posters = ownFile(request, 'posters')
    return mappedTables(request, {
      events: {
        files: ownFile(request, 'ratings.csv'),
        user: 'userId',
        item: 'movieId',
        time: 'timestamp',
        timeUnit: 'seconds',
      },
      behaviors: ['click', { name: 'favorite', when: 'rating >= 4' }],
      impressions: { labels: { click: 'rating >= 4' } },
      items: {
        files: ownFile(request, 'movies.csv'),
        id: 'movieId',
        title: 'title',
        text: ['genres'],
        fields: { category: { column: 'genres', before: '|' } },
        ...(existsSync(posters) ? { images: posters } : {}),
      },
    })
  },
}
