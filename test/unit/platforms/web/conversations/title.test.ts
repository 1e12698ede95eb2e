import { describe, expect, it } from 'vitest';
import { fileNameOf, titleOf } from '../../../../../src/platforms/web/conversations/export.ts';

describe('a title', () => {
  it.each([
    [{ firstText: 'Why is the sea salty?' }, 'Why is the sea salty?'],
    [{ firstText: 'Why is the sea salty?', name: 'Sea' }, 'Sea'],
    [{ firstText: '  Two\nlines' }, 'Two'],
    [{ firstText: '😀'.repeat(100) }, `${'😀'.repeat(59)}…`],
    [{ firstText: '' }, 'Untitled'],
  ])('of %j is %s', (summary, title) => expect(titleOf(summary)).toBe(title));
});

describe('a file name', () => {
  it.each([
    ['Why is the sea salty?', 'Why is the sea salty'],
    ['../../etc/passwd', 'etc passwd'],
    ['C:\\a|b "c" <d>*', 'C a b c d'],
    ['.hidden.', 'hidden'],
    ['a\u202Efdp.exe', 'a fdp.exe'],
    ['CON', 'Conversation CON'],
    ['nul.txt', 'Conversation nul.txt'],
    ['???', 'Conversation'],
    ['Größe 😀', 'Größe 😀'],
    ['😀'.repeat(100), '😀'.repeat(50)],
  ])('of %s is %s', (title, name) => expect(fileNameOf(title)).toBe(name));
});
