import lodash from 'lodash';
import { readFile } from 'node:fs';
import path from 'path';
lodash(readFile, path);
