/** The page: controls of the training above, pictures and curves beside the settings. */
import { type ComponentType, lazy, Suspense, useRef, useSyncExternalStore } from "react";
import { methodOf } from "../../tasks";
import { SettingsPanel } from "../controls/Settings";
import { playground, useStore } from "../state/app";
import { presetOf } from "../state/selectors";
import { pageOf } from "../tasks";
import { partsOf } from "../tasks/parts";
import { Boundary } from "./Boundary";
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
const Claims = lazy(() => import("../claims/Claims").then(({ Claims }) => ({ default: Claims })));

const CLAIMS = "#claims";
const ERASE = "Erase all runs, images, teachers and own files that this page keeps in this browser? Files that you saved stay.";

export function App() {
  const sheet = useRef<HTMLDialogElement>(null);
  const help = () => sheet.current?.showModal();
  useShortcuts(help);
  const preset = useStore(presetOf);
  const { Pictures, Details } = partsOf(preset);
  const picturesShow = usePainted();
  return (
    <>
      <Header tagline={pageOf(preset).tagline} />
      <Controls onHelp={help} />
      <main>
        <div className="messages">
          <Failure />
          <Notices />
          <Verdict />
        </div>
        {useHash() === CLAIMS ? (
          <Boundary of="The claims">
            <Suspense fallback={<p className="panel">Loading the claims …</p>}>
              <Claims />
            </Suspense>
          </Boundary>
        ) : (
          <div className="layout">
            <Boundary of="The pictures" key={`pictures ${preset}`}>
              <Pictures />
            </Boundary>
            {picturesShow && <Rest Details={Details} />}
          </div>
        )}
      </main>
      <footer>
        Method: <cite>{methodOf(preset).paper}</cite>
        <button type="button" onClick={() => confirm(ERASE) && void playground.erase()}>
          Erase all that is kept here
        </button>
      </footer>
      <DropZone />
      <Shortcuts sheet={sheet} />
    </>
  );
}

/** The part of the address behind "#". */
function useHash(): string {
  const subscribe = (changed: () => void) => {
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  };
  return useSyncExternalStore(subscribe, () => location.hash);
}

/** What waits until the pictures are there. */
function Rest({ Details }: { Details: ComponentType }) {
  return (
    <>
      <Boundary of="The settings">
        <SettingsPanel />
      </Boundary>
      <Boundary of="The charts">
        <Suspense fallback={<section className="panel charts loading">Loading the charts …</section>}>
          <Charts />
        </Suspense>
      </Boundary>
      <DataCard />
      <TeacherCard />
      <Boundary of="What else there is to see">
        <Details />
      </Boundary>
      <Boundary of="The runs">
        <Runs />
      </Boundary>
    </>
  );
}

function Header({ tagline }: { tagline: string }) {
  const adapter = useStore((state) => state.adapter);
  return (
    <header>
      <h1>Masked Distillation Playground</h1>
      <p className="tagline">{tagline} Everything runs in this tab; images never leave it.</p>
      <nav aria-label="Views">
        <a href="#train" aria-current={useHash() === CLAIMS ? undefined : "page"}>
          Train
        </a>
        <a href={CLAIMS} aria-current={useHash() === CLAIMS ? "page" : undefined}>
          Claims
        </a>
      </nav>
      <p className="adapter">
        {adapter ? adapter.name : "No GPU opened yet"}
        {adapter?.software && <b> · software adapter: slow</b>}
      </p>
    </header>
  );
}
