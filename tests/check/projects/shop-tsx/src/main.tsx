import { createRoot } from 'react-dom/client';
import { App } from './App';
import './shop.css';

createRoot(document.getElementById('root')!).render(<App />);
