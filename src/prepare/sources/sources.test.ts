import { describe, expect, it } from 'vitest'
import { eventLines, prepareFiles } from '../../../test/fixtures/prepared-files.ts'
import { splitDataset } from '../../dataset/splits.ts'

describe('movielens', () => {
  it('makes any rating a click and a high one a favorite at the same time', async () => {
    const dataset = await prepareFiles(
      {
        'ratings.csv': 'userId,movieId,rating,timestamp,,,,\n1,10,3.5,100,,,,\n1,20,4.0,100,,,,\n',
        'movies.csv': 'movieId,title,genres\n20,"Two, the Sequel (1999)",Comedy|Drama\n10,One,(no genres listed)\n',
        'posters/20.jpg': 'x',
      },
      { source: 'movielens' },
    )
    expect(eventLines(dataset)).toEqual(['1 10 click 100000', '1 20 click 100000', '1 20 favorite 100000'])
    expect(dataset.catalog.titles).toEqual(['', 'Two, the Sequel (1999)', 'One'])
    expect(dataset.catalog.fields['category']?.vocabulary).toEqual(['', 'Comedy', '(no genres listed)'])
    // Of two films rated, the one rated high was clicked; both were there at one time, in the order of the log.
    expect([...(dataset.impressions?.item ?? [])].map((item) => dataset.catalog.ids[item])).toEqual(['10', '20'])
    expect(dataset.impressions?.labels).toEqual({ click: Uint8Array.of(0, 1) })
  })
})

describe('kuairand', () => {
  const files = {
    'log_1.csv.gz': 'user_id,video_id,time_ms,is_click,is_like\n7,1,5000,1,1\n7,2,4000,0,0\n8,2,4500,1,0\n',
    'videos.csv.gz': 'video_id,author_id,video_duration,tag\n1,70,9000.0,"3,4"\n2,71,,5\n3,70,400000,5\n',
    'user_history.csv.gz':
      'user_id,history_len,last_time_ms,watch_seq,like_seq,long_watch_seq\n7,3,0,3 2 3,1 2 3,\n8,0,0,"","",""\n',
  }

  it('puts the older histories, in order, before the first event of the log', async () => {
    const dataset = await prepareFiles(files, { source: 'kuairand' })
    expect(eventLines(dataset)).toEqual([
      // Liked first and not among the watched; then 3, 2 (liked at that watch), the like of 3 (it came after), 3 again.
      // All before 4000, when something was first shown, if not clicked.
      '7 1 like 3995',
      '7 3 click 3996',
      '7 2 click 3997',
      '7 2 like 3997',
      '7 3 like 3998',
      '7 3 click 3999',
      '7 1 click 5000',
      '7 1 like 5000',
      '8 2 click 4500',
    ])
    expect(dataset.manifest.timesFrom).toBe(4000)
    expect(dataset.manifest.target).toBe('like')
    expect(dataset.catalog.titles).toEqual([
      '',
      'tag 3 4, author 70, under 10 seconds',
      'tag 5, author 71',
      'tag 5, author 70, over 300 seconds',
    ])
    expect(dataset.catalog.fields['tag']?.vocabulary).toEqual(['', '3', '5'])
  })

  it('makes one event of the click and the long view of an impression, the target', async () => {
    const log =
      'user_id,video_id,time_ms,is_click,is_like,long_view\n7,1,5000,1,1,0\n7,2,6000,1,0,1\n8,2,4500,0,0,1\n8,3,4600,0,0,0\n'
    const mapping = { target: 'long_view' }
    const dataset = await prepareFiles({ ...files, 'log_1.csv.gz': log }, { source: 'kuairand', mapping })
    // Older watches are clicks, and older likes no behavior that there is.
    expect(eventLines(dataset)).toEqual([
      '7 3 click 4497',
      '7 2 click 4498',
      '7 3 click 4499',
      '7 1 click 5000',
      '7 2 long_view 6000',
      '8 2 long_view 4500',
    ])
    expect(dataset.manifest.target).toBe('long_view')
  })

  it('takes every row of the log as an impression, with the labels there are', async () => {
    const { impressions, users, userIds } = await prepareFiles(files, { source: 'kuairand' })
    expect(users).toBeUndefined()
    expect(userIds).toEqual(['', '7', '8'])
    expect(impressions).toEqual({
      user: Int32Array.of(1, 1, 2),
      item: Int32Array.of(2, 1, 2),
      time: Float64Array.of(4000, 5000, 4500),
      labels: { click: Uint8Array.of(0, 1, 1), like: Uint8Array.of(0, 1, 0) },
    })
    const none = await prepareFiles(files, { source: 'kuairand', mapping: { impressions: { labels: {} } } })
    expect(none.impressions).toBeUndefined()
    expect(none.manifest.timesFrom).toBe(4500)
  })

  it('reads what is told of users and videos', async () => {
    const more = {
      ...files,
      'videos.csv.gz':
        'video_id,author_id,video_duration,tag,video_type,music_type\n1,70,9000.0,3,AD,9.0\n2,71,,5,NORMAL,\n3,70,400000,5,NORMAL,4.0\n',
      'users.csv.gz':
        'user_id,user_active_degree,follow_user_num,follow_user_num_range,onehot_feat1\n8,full,5,"(0,10]",3\n7,high,,0,3\n',
    }
    const { catalog, users, manifest } = await prepareFiles(more, { source: 'kuairand' })
    expect(Object.keys(catalog.fields)).toEqual(['tag', 'author', 'duration', 'video_type', 'music_type'])
    expect(catalog.fields['music_type']?.vocabulary).toEqual(['', '9.0', '4.0'])
    expect(catalog.numbers).toEqual({ video_duration: Float32Array.of(Number.NaN, 9000, Number.NaN, 400_000) })
    expect(users?.fields['follow_user_num_range']).toEqual({
      values: Int32Array.of(0, 1, 2),
      vocabulary: ['', '0', '(0,10]'],
    })
    expect(users?.numbers).toEqual({ follow_user_num: Float32Array.of(Number.NaN, Number.NaN, 5) })
    expect(manifest.users).toEqual({
      fields: { user_active_degree: 2, follow_user_num_range: 2, onehot_feat1: 1 },
      numbers: ['follow_user_num'],
    })
  })

  it('reads several files of videos and of histories, and says where a bad one stands', async () => {
    const { 'user_history.csv.gz': _, ...others } = files
    const more = {
      ...others,
      'videos_2.csv': 'video_id,author_id,video_duration,tag\n4,71,,6\n',
      'user_history_1.csv': 'user_id,watch_seq,like_seq\n7,3,\n',
      'user_history_2.csv': 'user_id,watch_seq,like_seq\n7,4,\n8,99,\n',
    }
    await expect(prepareFiles(more, { source: 'kuairand' })).rejects.toThrow(
      /^user_history_2\.csv row 3: unknown: item "99"/,
    )
    const bad = { ...more, 'videos_2.csv': 'video_id,author_id,video_duration,tag\n4,71,long,6\n' }
    await expect(prepareFiles(bad, { source: 'kuairand' })).rejects.toThrow(
      /^videos_2\.csv row 2, column "video_duration": invalid: "long"/,
    )
  })

  it('says where an unlisted video of a history stands', async () => {
    const history = 'user_id,watch_seq,like_seq\n7,3,\n8,2 99,\n'
    await expect(prepareFiles({ ...files, 'user_history.csv.gz': history }, { source: 'kuairand' })).rejects.toThrow(
      /^user_history\.csv\.gz row 3: unknown: item "99"/,
    )
  })
})

describe('rec-tmall', () => {
  const files = {
    'rec_tmall_log.csv':
      'item_id,user_id,action,vtime\n5,1,click,2014-10-01 10:00:00\n5,1,collect,2014-10-01 10:00:01\n6,1,cart,2014-10-01 10:00:02\n6,1,alipay,2014-10-01 10:00:03\n',
    'rec_tmall_product.csv':
      'item_id,title,pict_url,category,brand_id,seller_id\n5,Shirt,//x/5.jpg,tops,b1,s1\n6,Hat,,hats,,s1\n',
  }

  it('predicts favorites from clicks, as the paper does', async () => {
    const dataset = await prepareFiles(files, { source: 'rec-tmall' })
    expect([dataset.manifest.behaviors, dataset.manifest.target]).toEqual([['click', 'favorite'], 'favorite'])
    expect(dataset.events.item.length).toBe(2)
  })

  it('predicts purchases from all four actions, where asked to', async () => {
    const dataset = await prepareFiles(files, { source: 'rec-tmall', target: 'buy' })
    const start = Date.UTC(2014, 9, 1, 10)
    expect(eventLines(dataset)).toEqual([
      `1 5 click ${start}`,
      `1 5 favorite ${start + 1000}`,
      `1 6 cart ${start + 2000}`,
      `1 6 buy ${start + 3000}`,
    ])
    expect(dataset.manifest.target).toBe('buy')
    expect(dataset.manifest.fields).toEqual({ category: 2, brand: 1, seller: 1 })
  })
})

describe('kuaishou', () => {
  const rows =
    '1\t50\t1\t0\t0\t1500000000000\t3\t9\n1\t51\t1\t1\t1\t1500000000001\t9\t9\n1\t52\t0\t0\t0\t1500000000002\t0\t9\n'
  const header = 'user_id\tphoto_id\tclick\tlike\tfollow\ttime\tplaying_time\tduration_time\n'
  const expected = [
    '1 50 click 1500000000000',
    '1 51 click 1500000000001',
    '1 51 like 1500000000001',
    '1 51 follow 1500000000001',
  ]

  it.each([
    ['with a header', header + rows],
    ['without one', rows],
    ['between spaces', rows.replaceAll('\t', ' ')],
  ])('%s', async (_, text) => {
    const dataset = await prepareFiles({ 'train_interaction.txt': text }, { source: 'kuaishou' })
    expect(eventLines(dataset)).toEqual(expected)
    expect(dataset.manifest.target).toBe('like')
  })
})

describe('recbole', () => {
  it('reads atomic files with typed headers', async () => {
    const dataset = await prepareFiles(
      {
        'shop.inter': 'user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\tb\t5\t2\nu\ta\t5\t1\n',
        'shop.item': 'item_id:token\ttitle:token_seq\tclass:token_seq\na\tAlpha one\tx y\nb\tBeta\tx\n',
      },
      { source: 'recbole' },
    )
    expect(eventLines(dataset)).toEqual(['u a click 1000', 'u b click 2000'])
    expect(dataset.catalog.titles).toEqual(['', 'Alpha one', 'Beta'])
    expect(dataset.catalog.fields['category']?.vocabulary).toEqual(['', 'x y', 'x'])
  })

  const header = 'user_id:token\titem_id_list:token_seq\titem_id:token\r\n'
  const parts = {
    'shop.train.inter.gz': `${header}0\t3\t1\r\n1\t2\t0\r\n2\t0\t1\r\n2\t0 1\t2\r\n`,
    'shop.valid.inter.gz': `${header}0\t3 1\t2\r\n1\t2 0\t2\r\n`,
    'shop.test.inter.gz': `${header}0\t3 1 2\t0\r\n`,
  }

  it('rebuilds histories from the split form', async () => {
    const dataset = await prepareFiles(
      {
        ...parts,
        'shop.item2index': 'A0\t0\nA1\t1\nA3\t3\nA2\t2\n',
        'shop.text': 'item_id:token\ttext:token_seq\nA2\tTwo \nA0\tZero\nA1\tOne\n',
      },
      { source: 'recbole' },
    )
    expect(eventLines(dataset)).toEqual([
      // A user who is in no test file comes from the validation file, or from the training file.
      '2 0 click 1',
      '2 1 click 2',
      '2 2 click 3',
      '1 2 click 1',
      '1 0 click 2',
      '1 2 click 3 role 1',
      '0 3 click 1',
      '0 1 click 2',
      '0 2 click 3 role 1',
      '0 0 click 4 role 2',
    ])
    expect(dataset.catalog.titles).toEqual(['', 'Zero', 'One', 'Two', ''])
    expect(dataset.manifest).toMatchObject({ ownSplit: true, time: 'order', candidates: 'all' })
  })

  it('refuses parts that do not fit together', async () => {
    const test = `${header}0\t3 1 1\t0\r\n`
    await expect(prepareFiles({ ...parts, 'shop.test.inter.gz': test }, { source: 'recbole' })).rejects.toThrow(
      /^shop\.test\.inter\.gz, user "0", column "item_id_list": mismatched: "1", expected the item_id_list of the validation row, followed by its item "2"/,
    )
  })

  it('has no impressions', async () => {
    const mapping = { impressions: { labels: { click: 'click' } } }
    await expect(prepareFiles(parts, { source: 'recbole', mapping })).rejects.toThrow(
      /^mapping: unsupported: impressions\.labels, but histories that are already split/,
    )
  })

  it('says where an unlisted item stands', async () => {
    const items = 'item_id\ttitle\n0\tZero\n1\tOne\n2\tTwo\n'
    await expect(prepareFiles({ ...parts, 'shop.items.tsv': items }, { source: 'recbole' })).rejects.toThrow(
      /^shop\.test\.inter\.gz row 2: unknown: item "3"/,
    )
  })
})

describe('amazon', () => {
  it('reads the older names', async () => {
    const dataset = await prepareFiles(
      {
        'reviews_Baby.json.gz':
          '{"reviewerID":"R","asin":"B1","overall":5.0,"unixReviewTime":1000}\n{"reviewerID":"R","asin":"B2","overall":2.0,"unixReviewTime":900}\n',
        'meta_Baby.json.gz':
          '{"asin":"B1","title":"Cup","brand":"X","categories":[["Baby","Cups"]],"imUrl":"http://x/1.jpg"}\n{"asin":"B2","brand":"Y"}\n',
      },
      { source: 'amazon' },
    )
    expect(eventLines(dataset)).toEqual(['R B2 review 900000', 'R B1 review 1000000'])
    expect(dataset.catalog.titles).toEqual(['', 'Cup', ''])
    expect(dataset.catalog.fields['category']?.vocabulary).toEqual(['', 'Baby | Cups'])
  })

  it('reads the newer names, and behaviors by rating', async () => {
    const dataset = await prepareFiles(
      {
        'Baby.jsonl':
          '{"user_id":"R","asin":"B1x","parent_asin":"B1","rating":5.0,"timestamp":1588687728923,"title":"fine"}\n',
        'meta_Baby.jsonl':
          '{"parent_asin":"B1","title":"Cup","store":"X","main_category":"Baby"}\n{"parent_asin":"B1","title":"Cup","store":"X","main_category":"Baby"}\n',
      },
      { source: 'amazon', mapping: { behaviors: ['review', { name: 'favorite', when: 'rating >= 4' }] } },
    )
    expect(eventLines(dataset)).toEqual(['R B1 review 1588687728923', 'R B1 favorite 1588687728923'])
    expect(dataset.catalog.ids).toEqual(['', 'B1'])
    expect(dataset.manifest.dropped).toEqual([{ filter: 'duplicate items', events: 0, users: 0, items: 1 }])
  })
})

describe('retail-rocket', () => {
  const events =
    'timestamp,visitorid,event,itemid,transactionid\n1433221332117,7,view,20,\n1433221400000,7,addtocart,20,\n1433221500000,7,transaction,20,4\n1433221100000,8,view,10,\n'

  it('reads views, carts and purchases in their order', async () => {
    const dataset = await prepareFiles({ 'events.csv': events }, { source: 'retail-rocket' })
    expect(eventLines(dataset)).toEqual([
      '7 20 view 1433221332117',
      '7 20 cart 1433221400000',
      '7 20 buy 1433221500000',
      '8 10 view 1433221100000',
    ])
    expect(dataset.manifest).toMatchObject({ target: 'buy', candidates: 'untargeted', time: 'milliseconds' })
    // The purchase is a target though its item was viewed and in the cart before.
    expect([...splitDataset(dataset).test]).toEqual([2])
  })

  it('refuses an event of another name, by its row', async () => {
    const odd = events.replace('addtocart', 'removefromcart')
    await expect(prepareFiles({ 'events.csv': odd }, { source: 'retail-rocket' })).rejects.toThrow(
      'events.csv row 3, column "event": unknown: "removefromcart"',
    )
  })
})

describe('mb-cgcn', () => {
  const lists = {
    'view/train.txt': '0\t1\t2\t3\n1\t3\n2\t4\t1\n',
    'cart/train.txt': '0 2\n',
    'buy/train.txt': '0\t2\t4\t1\n1\t5\n2\n',
    'buy/test.txt': '0\t3\n1\t1\n',
    // Held out, and of the very items to foretell.
    'view/test.txt': '0\t3\n1\t1\n',
    'cart/test.txt': '0\t3\n',
  }

  it('gives all pairs of one behavior one time, and keeps the published test', async () => {
    const dataset = await prepareFiles(lists, { source: 'mb-cgcn' })
    expect(eventLines(dataset)).toEqual([
      '0 1 view 1',
      '0 2 view 1',
      '0 3 view 1',
      '0 2 cart 2',
      '0 2 buy 3',
      '0 4 buy 3',
      '0 1 buy 4 role 1',
      '0 3 buy 5 role 2',
      '1 3 view 1',
      '1 5 buy 2',
      '1 1 buy 3 role 2',
      '2 1 view 1',
      '2 4 view 1',
    ])
    expect(dataset.manifest).toMatchObject({ target: 'buy', candidates: 'untargeted', time: 'order', ownSplit: true })
    const { protocol, validation, test } = splitDataset(dataset)
    expect([protocol, [...validation], [...test]]).toEqual(['given', [6], [7, 10]])
    expect(() => splitDataset(dataset, { protocol: 'time' })).toThrow('only an order within each user')
  })

  it('names the file that is missing, and behaviors that it cannot have', async () => {
    const { 'view/train.txt': _, ...others } = lists
    await expect(prepareFiles(others, { source: 'mb-cgcn' })).rejects.toThrow('missing: view/train.txt')
    const mapping = { behaviors: ['view', 'buy'] }
    await expect(prepareFiles(lists, { source: 'mb-cgcn', mapping })).rejects.toThrow(
      'unsupported: behaviors view, buy, expected view, cart, buy',
    )
  })
})
