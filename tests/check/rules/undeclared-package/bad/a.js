import lodash from 'lodash';
lodash(1);
