/** The page: what runs the training above, pictures and curves beside the settings. */
import { lazy, type ReactNode, Suspense, useRef } from "react";
import { SettingsPanel } from "../controls/Settings";
import { presetOf, useStore } from "../state/store";
import { viewsOf } from "../tasks/index";
import { Controls } from "./Controls";
import { DataCard } from "./DataCard";
import { DropZone } from "./DropZone";
import { Failure, Notices } from "./Failure";
import { Runs } from "./Runs";
import { Shortcuts, useShortcuts } from "./Shortcuts";
import { usePainted } from "./scheduler";
import { TeacherCard } from "./TeacherCard";
import { Verdict } from "./Verdict";

// Charts bring a large library along; pictures come first.
const Charts = lazy(() => import("../charts/Charts"));

export function App() {
  const sheet = useRef<HTMLDialogElement>(null);
  const help = () => sheet.current?.showModal();
  useShortcuts(help);
  const { tagline, pictures, details, paper } = viewsOf(useStore(presetOf));
  const picturesShow = usePainted();
  return (
    <>
      <Header tagline={tagline} />
      <Controls onHelp={help} />
      <main>
        <div className="messages">
          <Failure />
          <Notices />
          <Verdict />
        </div>
        <div className="layout">
          {pictures}
          {picturesShow && <Rest details={details} />}
        </div>
      </main>
      <footer>Method: {paper}</footer>
      <DropZone />
      <Shortcuts sheet={sheet} />
    </>
  );
}

/** What waits until the pictures are there. */
function Rest({ details }: { details: ReactNode }) {
  return (
    <>
      <SettingsPanel />
      <Suspense fallback={<section className="panel charts loading">Loading the charts …</section>}>
        <Charts />
      </Suspense>
      <DataCard />
      <TeacherCard />
      {details}
      <Runs />
    </>
  );
}

function Header({ tagline }: { tagline: string }) {
  const adapter = useStore((state) => state.adapter);
  return (
    <header>
      <h1>Masked Distillation Playground</h1>
      <p className="tagline">{tagline} Everything runs in this tab; images never leave it.</p>
      <p className="adapter">
        {adapter ? adapter.name : "No GPU opened yet"}
        {adapter?.software && <b> · software adapter: slow</b>}
      </p>
    </header>
  );
}
