import { describe, expect, it } from 'vitest';
import { compareIds } from '../../../../../src/platforms/common/read-positions.ts';
import {
  idAt,
  isSnowflake,
  justBefore,
  timeOf,
} from '../../../../../src/platforms/discord/api/snowflake.ts';

describe('an id', () => {
  it('tells its time', () => {
    expect(timeOf('175928847299117063')).toBe(1_462_015_105_796);
    expect(idAt(1_462_015_105_796)).toBe('175928847298985984');
    expect(idAt(0)).toBe('0');
  });

  it('is sorted by age, however many digits it has', () => {
    const ids = ['1000000000000000000', '999999999999999999', '', '175928847299117063'];
    expect(ids.toSorted(compareIds)).toEqual([
      '',
      '175928847299117063',
      '999999999999999999',
      '1000000000000000000',
    ]);
    expect(justBefore('1000000000000000000')).toBe('999999999999999999');
  });

  it('is known by its digits', () => {
    expect(isSnowflake('175928847299117063')).toBe(true);
    for (const other of ['', '12', 'x'.repeat(18), 175928847299117, null]) {
      expect(isSnowflake(other)).toBe(false);
    }
  });
});
