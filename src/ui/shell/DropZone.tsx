/** Files dropped anywhere on the page: images become the data, a safetensors file the teacher. */
import { useEffect, useState } from "react";
import { loadDropped } from "../state/sourceActions";

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;

export function DropZone() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const onOver = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    // Leaving one element for another is told too; only leaving the page has nowhere to go.
    const onLeave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    const onDrop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      void loadDropped(event.dataTransfer!);
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
          <span>or drop a .safetensors file to make it the teacher. Nothing leaves this tab.</span>
        </p>
      </div>
    )
  );
}
