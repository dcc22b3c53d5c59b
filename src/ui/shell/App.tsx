/** The page: controls of the training above, pictures and curves beside the settings. */
import { type ComponentType, lazy, Suspense, useRef, useSyncExternalStore } from "react";
import { methodOf } from "../../tasks";
import { playground, type State, useStore } from "../state/app";
import { isSweep } from "../state/experiments";
import { begun, presetOf } from "../state/selectors";
import { lessonFor, pageOf } from "../tasks";
import { picturesOf } from "../tasks/pictures";
import { Boundary } from "./Boundary";
import { Controls } from "./Controls";
import { Failure, Notices } from "./Failure";
import { Recordings } from "./Recordings";
import { Shortcuts, useShortcuts } from "./Shortcuts";
import { usePainted } from "./scheduler";

// Pictures come first.
const Rest = lazy(() => import("./Rest"));
const DropZone = lazy(() => import("./DropZone").then(({ DropZone }) => ({ default: DropZone })));
const Now = lazy(() => import("./Now"));
const SettingsPanel = lazy(() => import("../controls/Settings").then(({ SettingsPanel }) => ({ default: SettingsPanel })));
const PairPanel = lazy(() => import("../pair/PairPanel"));
const ExperimentCard = lazy(() => import("./ExperimentCard"));
const Claims = lazy(() => import("../claims/Claims").then(({ Claims }) => ({ default: Claims })));

const About = lazy(() => import("../about/About").then(({ About }) => ({ default: About })));
const Gpu = lazy(() => import("../gpu/Gpu").then(({ Gpu }) => ({ default: Gpu })));
const LessonPanel = lazy(() => import("../lessons/LessonPanel").then(({ LessonPanel }) => ({ default: LessonPanel })));

/** Views besides the training, by the part of the address behind "#". */
const VIEWS: Readonly<Record<string, { name: string; View: ComponentType }>> = {
  "#claims": { name: "Claims", View: Claims },
  "#method": { name: "Paper", View: About },
  "#gpu": { name: "This GPU", View: Gpu },
};
const ERASE = "Erase all runs, images, teachers and own files that this page keeps in this browser? Files that you saved stay.";

export function App() {
  const sheet = useRef<HTMLDialogElement>(null);
  const help = () => sheet.current?.showModal();
  useShortcuts(help);
  const preset = useStore(presetOf);
  const { Stage, Pictures } = picturesOf(preset);
  const picturesShow = usePainted();
  const experiment = useStore((state) => state.experiment);
  const mayPair = useStore((state) => state.experiment !== undefined || state.runs.length > 0);
  const view = VIEWS[useHash()];
  return (
    <>
      <Header tagline={pageOf(preset).tagline} />
      <Controls onHelp={help} />
      <main>
        <section className="messages" aria-label="Messages">
          <Failure />
          <Notices />
        </section>
        {experiment && isSweep(experiment) && <Series of={experiment} />}
        {view ? (
          <Boundary of="This view" key={view.name}>
            <Suspense fallback={<p className="panel">Loading …</p>}>
              <view.View />
            </Suspense>
          </Boundary>
        ) : (
          <div className="layout">
            <div className="beside">
              <Lesson />
              {experiment && !isSweep(experiment) && <Series of={experiment} />}
              {picturesShow && (
                <Boundary of="The settings">
                  <Suspense>
                    <SettingsPanel />
                  </Suspense>
                </Boundary>
              )}
            </div>
            {picturesShow && mayPair && (
              <Boundary of="The pair of runs">
                <Suspense fallback={experiment && <section className="panel pair loading" data-asked />}>
                  <PairPanel />
                </Suspense>
              </Boundary>
            )}
            {Stage && (
              <Boundary of="The stage" key={`stage ${preset}`}>
                <Stage />
              </Boundary>
            )}
            <Suspense fallback={<section className="card now" />}>
              <Now />
            </Suspense>
            <Boundary of="The pictures" key={`pictures ${preset}`}>
              <Pictures />
            </Boundary>
            {picturesShow && (
              <Suspense>
                <Rest />
              </Suspense>
            )}
          </div>
        )}
      </main>
      <footer>
        <span>
          Method: <cite>{methodOf(preset).paper}</cite>
        </span>
        <button type="button" onClick={() => confirm(ERASE) && void playground.erase()}>
          Erase all that is kept here
        </button>
      </footer>
      <Suspense>
        <DropZone />
      </Suspense>
      <Shortcuts sheet={sheet} />
    </>
  );
}

/** The view that the part of the address behind "#" names; what follows a stroke is the view's own. */
function useHash(): string {
  const subscribe = (changed: () => void) => {
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  };
  return useSyncExternalStore(subscribe, () => location.hash.split("/")[0]);
}

/** The way to the method's lesson, where there is one and no run would be lost. */
function Lessons() {
  const name = useStore(lessonFor);
  return name ? <a href={`?lesson=${name}`}>Lesson</a> : null;
}

/** Recorded runs to choose from, where no run would be lost; their place stays. */
function Watch() {
  const free = useStore((state) => state.watching === undefined && !begun(state));
  return <div className="watch">{free && <Recordings />}</div>;
}

/** The experiment or sweep under way: a sweep's plot needs the page's width, an experiment is read beside what it is about. */
function Series({ of }: { of: NonNullable<State["experiment"]> }) {
  return (
    <Suspense>
      <ExperimentCard experiment={of} />
    </Suspense>
  );
}

/** The lesson that is open, if one is. */
function Lesson() {
  const name = useStore((state) => state.lesson);
  if (name === undefined) return null;
  return (
    <Boundary of="The lesson">
      <Suspense fallback={<section className="card">Loading the lesson …</section>}>
        <LessonPanel name={name} />
      </Suspense>
    </Boundary>
  );
}

function Header({ tagline }: { tagline: string }) {
  const adapter = useStore((state) => state.adapter);
  const hash = useHash();
  return (
    <header>
      <h1>Masked Distillation Playground</h1>
      <p className="tagline">{tagline} Images never leave this tab.</p>
      <nav aria-label="Views">
        <a href="#train" aria-current={hash in VIEWS ? undefined : "page"}>
          Train
        </a>
        {Object.entries(VIEWS).map(([address, { name }]) => (
          <a key={address} href={address} aria-current={hash === address ? "page" : undefined}>
            {name}
          </a>
        ))}
        <Lessons />
      </nav>
      <Watch />
      <p className="adapter">
        {adapter ? adapter.name : "No GPU opened yet"}
        {adapter?.software && <b> · software adapter: slow</b>}
      </p>
    </header>
  );
}
