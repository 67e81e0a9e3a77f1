import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { trainingConfig } from '../learn/config.ts'
import { modelOf } from '../models/registry.ts'
import { optionsInFile, widthsOf } from './train-options.ts'

const schemas = [modelOf('sasrec').config, trainingConfig]

describe('options in a file', () => {
  it('are read by their names, and a wrong name is refused', () => {
    using place = temporaryFolder()
    const path = place.write({
      'train.yaml': 'batchSize: 64\ndropout: 0.1\n',
      'wrong.yaml': 'batchsize: 64\n',
      'list.yaml': '[1]',
    })
    expect(optionsInFile(path, schemas)).toEqual({ batchSize: 64, dropout: 0.1 })
    const beside = (name: string): string => path.replace('train.yaml', name)
    expect(() => optionsInFile(beside('wrong.yaml'), schemas)).toThrow(
      /unknown: "batchsize".*did you mean "batchSize"\?/,
    )
    expect(() => optionsInFile(beside('list.yaml'), schemas)).toThrow(/list\.yaml: invalid: no options/)
    expect(() => optionsInFile(beside('none.yaml'), schemas)).toThrow(/none\.yaml: missing/)
  })
})

describe('a size', () => {
  it('changes widths, and nothing else', () => {
    expect(widthsOf('medium', modelOf('sasrec').config)).toEqual({})
    expect(widthsOf('small', modelOf('sasrec').config)).toEqual({ hiddenSize: 32 })
    expect(widthsOf('large', modelOf('m3bsr').config)).toMatchObject({ hiddenSize: 128 })
  })
})
