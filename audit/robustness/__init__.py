"""The maths of the robustness index, which asks whether an embedding sees the class or the center.

``design`` says who may be whose neighbour, ``search`` finds the neighbours, ``index`` counts their types,
``uncertainty`` and ``null`` put an interval and a reference beside the index; the other modules hold one further
measure each.
"""
