/** What waits until the pictures are there: curves, data, teacher, runs. Loaded after the page. */
import { lazy, Suspense } from "react";
import { useStore } from "../state/app";
import { presetOf } from "../state/selectors";
import { partsOf } from "../tasks/parts";
import { Boundary } from "./Boundary";
import { DataCard } from "./DataCard";
import { Runs } from "./Runs";
import { TeacherCard } from "./TeacherCard";

// They bring a large library along.
const Charts = lazy(() => import("../charts/Charts"));

export default function Rest() {
  const { Details } = partsOf(useStore(presetOf));
  return (
    <>
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
