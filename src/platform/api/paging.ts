/** Pages of lists: `page`, `size` and the `Link` header. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { absoluteUrl } from './links';
import { integer } from './parse';

export const MAX_PAGE_SIZE = 1000;

export const pageQuery = z.object({
  page: integer(0, 999_999).default(0),
  size: integer(1, MAX_PAGE_SIZE).default(25),
});
export type PageQuery = z.output<typeof pageQuery>;

/** Sends one page of the items. The links keep the other query parameters. */
export function sendPage<Item>(
  request: Request,
  response: Response,
  items: readonly Item[],
  { page, size }: PageQuery,
  show: (item: Item) => unknown,
): void {
  const link = (rel: string, number: number): string => {
    const url = absoluteUrl(request, request.originalUrl);
    url.searchParams.set('page', String(number));
    url.searchParams.set('size', String(size));
    return `<${url.href}>; rel="${rel}"`;
  };
  const links = [link('first', 0)];
  if (page > 0) links.push(link('previous', page - 1));
  if ((page + 1) * size < items.length) links.push(link('next', page + 1));
  response.set('Link', links.join(', '));
  response.json(items.slice(page * size, (page + 1) * size).map(show));
}
