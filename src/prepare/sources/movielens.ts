/**
 * @file The `movielens` source: ratings.csv and movies.csv. A click is any rating, a favorite a rating of 4 or more.
 * Every rating is an impression, with label `click` for 4 or more.
 */
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
      noun: { one: 'film', many: 'films' },
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
