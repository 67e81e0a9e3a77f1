/** @file For authors of models of clicks: what every such model must do, as tests. */
export { type ClickCheck, type ClickConformance, clickConformance, readsNoModality } from './suite.ts'
