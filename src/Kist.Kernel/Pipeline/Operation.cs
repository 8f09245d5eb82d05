namespace Kist.Kernel.Pipeline;

/// <summary>What a request does. Policies are evaluated on this, so it is settled before authorization.</summary>
public enum Operation
{
    /// <summary>Reads one thing.</summary>
    Read,
    /// <summary>Lists names below a path.</summary>
    List,
    /// <summary>Writes something that does not exist yet (only on routes that can tell).</summary>
    Create,
    /// <summary>Writes.</summary>
    Update,
    /// <summary>Changes a part of something.</summary>
    Patch,
    /// <summary>Deletes.</summary>
    Delete,
    /// <summary>A method that means nothing here: no policy allows it, no route has it.</summary>
    Unknown,
    /// <summary>Describes a path (<c>?help=1</c>).</summary>
    Help,
}
