/** Takes a chart or the pictures away as a file. */
import type { RefObject } from "react";
import type { Exported, Format } from "./exportFiles";

/** `content` makes, when it is asked, what goes into the file; `figure` holds the drawing. */
interface ChartExportProps {
  title: string;
  content(): Promise<Exported>;
  figure: RefObject<HTMLElement | null>;
}

export function ChartExport({ title, content, figure }: ChartExportProps) {
  const save = async (format: Format) => {
    const { exportChart } = await import("./exportFiles");
    if (figure.current) await exportChart(format, await content(), figure.current);
  };
  return <Buttons of={title} formats={["CSV", "JSON", "SVG", "PNG"]} save={save} />;
}

export function PicturesExport({ panel }: { panel: RefObject<HTMLElement | null> }) {
  const save = async (format: Format) => {
    const { exportPictures } = await import("./exportFiles");
    if (panel.current) await exportPictures(format as "SVG" | "PNG", panel.current);
  };
  return <Buttons of="pictures" formats={["SVG", "PNG"]} save={save} />;
}

function Buttons({ of, formats, save }: { of: string; formats: Format[]; save(format: Format): Promise<void> }) {
  return (
    <details className="export">
      <summary aria-label={`Export: ${of}`}>Export</summary>
      <div className="buttons">
        {formats.map((format) => (
          <button key={format} type="button" onClick={() => void save(format)}>
            {format}
          </button>
        ))}
      </div>
    </details>
  );
}
