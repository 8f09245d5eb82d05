namespace Kist.Cli.Running;

/// <summary>A pseudo-terminal (Linux): what the child writes is read here before the real terminal gets it.</summary>
internal sealed unsafe class PseudoTerminal : IDisposable
{
    private readonly int _outer;
    private bool _closed;

    private PseudoTerminal(int master, byte[] path, int outer)
    {
        Master = master;
        Path = path;
        _outer = outer;
    }

    /// <summary>The side of this process.</summary>
    public int Master { get; }

    /// <summary>The side of the child, as a zero-terminated path.</summary>
    public byte[] Path { get; }

    /// <summary>Opens one with the size and modes of the terminal on <paramref name="outer"/>, or gives null.</summary>
    public static PseudoTerminal? Open(int outer)
    {
        if (!OperatingSystem.IsLinux()) return null;
        var master = Native.OpenMaster(Native.ReadWrite | Native.NoControllingTerminal | Native.CloseOnExec);
        if (master < 0) return null;
        var path = new byte[128];
        fixed (byte* name = path)
        {
            if (Native.Grant(master) != 0 || Native.Unlock(master) != 0
                || Native.SlaveName(master, name, (nuint)path.Length) != 0)
            {
                Native.Close(master);
                return null;
            }
        }
        var modes = stackalloc byte[Native.OpaqueSize];
        if (Native.GetMode(outer, modes) == 0) Native.SetMode(master, Native.TerminalNow, modes);
        var terminal = new PseudoTerminal(master, path, outer);
        terminal.Resize();
        return terminal;
    }

    /// <summary>Gives it the size that the real terminal has now; its programs are told by the system.</summary>
    public void Resize()
    {
        var size = stackalloc ushort[4];
        if (Native.Window(_outer, Native.GetWindowSize, size) == 0)
            Native.Window(Master, Native.SetWindowSize, size);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_closed) return;
        _closed = true;
        Native.Close(Master);
    }
}
