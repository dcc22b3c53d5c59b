/** The page. A placeholder until the panels arrive. */
export function App() {
  return (
    <main>
      <h1>Masked Distillation Playground</h1>
    </main>
  );
}
