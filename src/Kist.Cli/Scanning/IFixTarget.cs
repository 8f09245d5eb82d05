using Kist.Cli.Output;

namespace Kist.Cli.Scanning;

/// <summary>Where `kist scan --fix` moves values.</summary>
internal interface IFixTarget : IDisposable
{
    /// <summary>What it is called in messages.</summary>
    string Name { get; }

    /// <summary>The command line that gives the values to a program again.</summary>
    string RunWith { get; }

    /// <summary>Reads what is there already.</summary>
    Problem? Open();

    /// <summary>Whether a file is the very place where values belong.</summary>
    bool IsStore(string path);

    /// <summary>Takes a value in; gives the name under which it is kept, which may get a number.</summary>
    string Add(string name, ReadOnlySpan<byte> value);

    /// <summary>Stores all of them.</summary>
    Problem? Save();
}
