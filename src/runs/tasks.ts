/** @file The kinds of models by their names: the one place that asks which kind a model is. */
import { modelOf } from '../models/registry.ts'
import { clickTask } from './clicks.ts'
import { countingTask } from './counting.ts'
import { nextItemTask } from './next-item.ts'
import type { Task } from './task.ts'

const tasks = { 'next-item': nextItemTask, clicks: clickTask, counting: countingTask } as const satisfies Record<
  string,
  Task
>

/** The kind of a model. @throws UserError `unknown` for a slug that no model has */
export const taskOf = (slug: string): Task => tasks[modelOf(slug).task]
