/** Takes a chart, the pictures or the table of runs away as a file. */
import { type RefObject, useState } from "react";
import type { Exported, Format, Named, Width } from "./exportFiles";

/** `content` makes, when it is asked, what goes into the file; `figure` holds the drawing. */
interface ChartExportProps {
  title: string;
  content(): Promise<Exported>;
  figure: RefObject<HTMLElement | null>;
}

export function ChartExport({ title, content, figure }: ChartExportProps) {
  const save = async (format: Format, width: Width) => {
    const { exportChart } = await import("./exportFiles");
    if (figure.current) await exportChart(format, await content(), figure.current, width);
  };
  return <Buttons of={title} formats={["CSV", "JSON", "SVG", "PNG"]} save={save} />;
}

/** `of` where the pictures are not those of the run under way. */
export function PicturesExport({ panel, of }: { panel: RefObject<HTMLElement | null>; of?: Named }) {
  const save = async (format: Format, width: Width) => {
    const { exportPictures } = await import("./exportFiles");
    if (panel.current) await exportPictures(format, panel.current, width, of);
  };
  return <Buttons of="pictures" formats={["SVG", "PNG"]} save={save} />;
}

export function RunsExport() {
  const save = async (format: Format) => (await import("./exportFiles")).exportRuns(format);
  return <Buttons of="table of runs" formats={["CSV", "JSON", "LaTeX"]} save={save} />;
}

interface ButtonsProps {
  of: string;
  formats: Format[];
  save(format: Format, width: Width): Promise<void>;
}

function Buttons({ of, formats, save }: ButtonsProps) {
  const [width, setWidth] = useState<Width>("one column");
  return (
    <details className="export">
      <summary aria-label={`Export: ${of}`}>Export</summary>
      <div className="buttons">
        {formats.map((format) => (
          <button key={format} type="button" onClick={() => void save(format, width)}>
            {format}
          </button>
        ))}
        {formats.includes("SVG") && (
          <select aria-label={`Width of a figure: ${of}`} value={width} onChange={({ target }) => setWidth(target.value as Width)}>
            <option value="one column">84 mm</option>
            <option value="two columns">174 mm</option>
          </select>
        )}
      </div>
    </details>
  );
}
