/** Files dropped anywhere on the page: images become the data, weights the teacher; a saved run goes on, a log opens as a run. */
import { useEffect, useState } from "react";
import { data, keeper, savedRuns, teachers } from "../state/app";

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;

export function DropZone() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const onOver = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    // Moving from one element to another is an event, too; only when the page is left is no other element entered.
    const onLeave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    const onDrop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      void data.loadDropped(event.dataTransfer!, {
        network: (files) => teachers.import("teacher", files),
        log: (file) => savedRuns.openLog(file),
        run: (file) => keeper.openFile(file),
      });
    };
    addEventListener("dragover", onOver);
    addEventListener("dragleave", onLeave);
    addEventListener("drop", onDrop);
    return () => {
      removeEventListener("dragover", onOver);
      removeEventListener("dragleave", onLeave);
      removeEventListener("drop", onDrop);
    };
  }, []);
  return (
    over && (
      <div className="drop" aria-hidden="true">
        <p>
          <b>Drop to learn from these images</b>
          <span>
            or drop a .safetensors file, or a folder with one, to make it the teacher; a saved run goes on. Nothing leaves this tab.
          </span>
        </p>
      </div>
    )
  );
}
