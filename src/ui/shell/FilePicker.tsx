/** A button that opens the browser's own file dialog. */
import { type ReactNode, useRef } from "react";

interface FilePickerProps {
  /** What the files are, for those who do not see the button. */
  label: string;
  children: ReactNode;
  onPick(files: FileList): void;
  accept?: string;
  multiple?: boolean;
  /** Whole folders instead of files; browsers cannot offer both at once. */
  folder?: boolean;
  disabled?: boolean;
}

export function FilePicker({ label, children, onPick, folder, disabled, ...rest }: FilePickerProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" onClick={() => input.current?.click()} disabled={disabled}>
        {children}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={label}
        {...rest}
        {...(folder && { webkitdirectory: "" })}
        onChange={({ target }) => {
          if (target.files?.length) onPick(target.files);
          // The same file may be chosen again.
          target.value = "";
        }}
      />
    </>
  );
}
