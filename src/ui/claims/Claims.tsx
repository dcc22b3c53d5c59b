/** What the papers claim, beside what was measured at this size. */
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import type { ClaimsFile, Drawing, Instrument, Measured } from "../../tasks/claims";
import { playground } from "../state/app";
import { askedIn, fetchClaims, toTraining } from "./file";
import { Interval, told } from "./Interval";
import { Repeat } from "./Repeat";
import "./claims.css";

const FigureChart = lazy(() => import("../charts/FigureChart"));

export function Claims() {
  const [file, setFile] = useState<ClaimsFile | Error>();
  const asked = askedIn(location.hash);
  useEffect(() => {
    fetchClaims(document.baseURI).then(setFile, setFile);
  }, []);
  if (!file) return <p className="panel">Loading the claims …</p>;
  if (file instanceof Error)
    return (
      <p className="panel problem" role="alert">
        {file.message}
      </p>
    );
  return (
    <section className="panel claims" aria-label="Claims">
      <h2>Claims of the papers, and what was measured here</h2>
      {asked !== undefined && !file.claims.some((claim) => nameOf(claim) === asked) && (
        <p className="problem" role="alert">
          There is no claim “{asked}” here. These are all there are.
        </p>
      )}
      <p>
        Each row compares runs of the same seeds. A claim <i>agrees</i> when the whole 95 % interval of the difference lies on its side of 0
        (or above the margin), and is <i>opposite</i> when it lies on the other. Everything else is <i>cannot tell</i>, which does not mean
        equal. After ± stands the standard deviation over seeds. Seeds change first weights, order and augmentation: images and teacher are
        the same in all runs. Scores during a run are of the first 500 held-out images, losses are means of the steps since the test before.
      </p>
      {file.instrument.map((instrument) => (
        <Proof
          key={instrument.study}
          instrument={instrument}
          claims={file.claims.filter(({ study }) => study === instrument.study)}
          asked={asked}
          figures={file.figures.filter(({ study }) => study === instrument.study)}
        />
      ))}
      <p className="figures">
        Code {file.code}, on {file.adapter}. Made by <code>npm run claims</code>.
      </p>
    </section>
  );
}

/** A study: whether it can tell, and its claims. */
interface ProofProps {
  instrument: Instrument;
  claims: readonly Measured[];
  figures: readonly Drawing[];
  /** The claim that the address names. */
  asked?: string;
}

function Proof({ instrument, claims, figures, asked }: ProofProps) {
  const { about, study, proven, seeds } = instrument;
  return (
    <>
      <h3 id={`study-${study}`}>{about}</h3>
      {proven && instrument.difference === null ? (
        <p>Costs: nothing has to be learned to measure them.</p>
      ) : (
        <p className={proven ? undefined : "heed"}>
          A teacher that sees everything against none: {told({ ...instrument, unit: "points" })}, {seeds} seeds.{" "}
          {proven
            ? "So runs of this kind show what a teacher gives; what differs by less than such an interval they do not show."
            : "That is no proof that such runs can tell anything, so nothing below is concluded."}
        </p>
      )}
      <ul>
        {claims.map((claim) => (
          <Claim key={claim.id} claim={claim} asked={nameOf(claim) === asked} />
        ))}
      </ul>
      <Suspense fallback={<p>Loading the charts …</p>}>
        <div className="figures-of">
          {figures.map((drawing) => (
            <FigureChart key={drawing.id} drawing={drawing} />
          ))}
        </div>
      </Suspense>
    </>
  );
}

const nameOf = ({ study, id }: Measured): string => `${study} ${id}`;

function Claim({ claim, asked }: { claim: Measured; asked: boolean }) {
  const here = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (!asked) return;
    here.current?.focus();
    // At the top, browsers hold it there while charts above it load.
    here.current?.scrollIntoView();
  }, [asked]);
  const { title, paper, measured, seeds, verdict, margin, address, difference, together } = claim;
  return (
    <li data-claim={nameOf(claim)}>
      <b>
        <a ref={here} className="claim-title" href={`#claims/${encodeURIComponent(nameOf(claim))}`} title="A link to this claim">
          {title}
        </a>
      </b>
      <span className="verdict-mark" data-verdict={verdict}>
        {difference === null ? "not run yet" : verdict}
      </span>
      <Interval {...claim} />
      <dl>
        <dt>Paper</dt>
        <dd>{paper}</dd>
        <dt>Here</dt>
        <dd>
          {told(claim)}
          {seeds > 0 && ` over ${seeds} ${seeds === 1 ? "seed" : "seeds"} · ${measured}`}
        </dd>
        {together === false && (
          <>
            <dt>Together</dt>
            <dd>Judged with all claims of the study that were measured, it cannot be told (Holm, 5 %).</dd>
          </>
        )}
        {margin && (
          <>
            <dt>Margin</dt>
            <dd>
              {margin.value}: {margin.name}
            </dd>
          </>
        )}
      </dl>
      <a
        href={`?${address}`}
        onClick={(event) => {
          event.preventDefault();
          void playground.setUp(address);
          toTraining();
        }}
      >
        Load its settings
      </a>
      <Repeat claim={claim} />
    </li>
  );
}
