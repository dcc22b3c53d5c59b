/** The method's paper: how it is cited, and what became of its sentences. */
import { version } from "../../../package.json";
import { methodOf, SCHEMA } from "../../tasks";
import { HeadedTable } from "../draw/HeadedTable";
import { CopyButton } from "../shell/CopyButton";
import { useStore } from "../state/app";
import { presetOf } from "../state/selectors";
import { type Paper, paperOf, projectBibtex } from "./papers";
import "./about.css";

export function About() {
  const preset = useStore(presetOf);
  const { label, about, paper } = methodOf(preset);
  const known = paperOf(preset);
  return (
    <section className="panel about" aria-labelledby="about-title">
      <h2 id="about-title">{label}</h2>
      <p>{about}</p>
      <p>
        <cite>{paper}</cite>
      </p>
      {known && <Readings paper={known} preset={preset} />}
      <h3>Cite</h3>
      {known && <Citation of="the paper" text={known.bibtex} />}
      <Citation of="this program" text={projectBibtex(version, new URL(".", document.baseURI).href)} />
    </section>
  );
}

function Readings({ paper: { readings }, preset }: { paper: Paper; preset: string }) {
  const wanted = useStore((state) => state.wanted);
  const own = SCHEMA.of(preset);
  const shown = readings.filter(({ keys }) => keys.some((key) => key in own));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section className="scroll" tabIndex={0} aria-label="What the paper says, and what is done here">
      <HeadedTable heads={["the paper", "settings", "here"]}>
        {shown.map(({ clause, keys, reading }) => (
          <tr key={clause}>
            <th scope="row">{clause}</th>
            <td>
              {keys
                .filter((key) => key in own)
                .map((key) => (
                  <code key={key}>
                    {key}={String(wanted[key])}{" "}
                  </code>
                ))}
            </td>
            <td>{reading}</td>
          </tr>
        ))}
      </HeadedTable>
    </section>
  );
}

function Citation({ of, text }: { of: string; text: string }) {
  return (
    <figure>
      <figcaption>
        BibTeX of {of} <CopyButton label="Copy" name={`Copy the BibTeX of ${of}`} text={() => text} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard */}
      <pre tabIndex={0}>{text}</pre>
    </figure>
  );
}
