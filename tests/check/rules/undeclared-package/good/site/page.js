import Layout from '@theme/Layout';

export default Layout;
