/** @file `siftrec/client`: the routes of a service as typed calls, in a browser and in Node. It loads nothing. */
export { type ClientOptions, type SiftrecClient, siftrecClient } from './client.ts'
export { ServiceError } from './service-error.ts'
